/** What stands in the zones: every type and shape of answer that resolvers treat in a way of its own. */

/** The full set. `other` is the origin of another zone, which chains lead to. */
export const fullContent = (other: string): string => `
@ A 192.0.2.1
@ AAAA 2001:db8::1
@ MX 10 mail
@ MX 20 mail.${other}
@ TXT "v=spf1 -all" "second string"
@ CAA 0 issue "ca.example.net"
@ HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.1
www A 192.0.2.2
www A 192.0.2.3
www AAAA 2001:db8::2
mail A 192.0.2.25
multi A 192.0.2.11
multi A 192.0.2.12
multi A 192.0.2.13
multi A 192.0.2.14
multi A 192.0.2.15
alias CNAME www
alias2 CNAME alias
out CNAME www.${other}
out2 CNAME out.${other}
outnx CNAME nope.${other}
outnodata CNAME txtonly.${other}
outwild CNAME here.wild.${other}
dangling CNAME missing
nodata CNAME txtonly
loop1 CNAME loop2
loop2 CNAME loop1
*.wild A 192.0.2.40
*.wild TXT "wild"
host.wild A 192.0.2.41
*.cw CNAME www
*.cout CNAME www.${other}
a.b.c.ent A 192.0.2.50
_sip._tcp SRV 1 2 5060 mail
_443._tcp.www TLSA 3 1 1 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
naptr NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp
sshfp SSHFP 4 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
uri URI 10 1 "ftp://ftp.example.net/public"
hinfo HINFO "PC" "CHORD"
rp RP admin txtonly
svc SVCB 1 svc-target port=8443
svc-alias SVCB 0 svc
cert CERT 1 0 0 AQIDBA==
unknown TYPE65280 \\# 4 deadbeef
afsdb AFSDB 1 mail
big TXT ${Array.from({ length: 16 }, (_, i) => `"${String(i % 10).repeat(250)}"`).join(' ')}
many A 192.0.2.100
${Array.from({ length: 40 }, (_, i) => `many AAAA 2001:db8::${i + 100}\n`).join('')}txtonly TXT "only text"
dn DNAME target
a.target A 192.0.2.60
x.target CNAME a.target
dnout DNAME target.${other}
esc\\.aped A 192.0.2.70
sp\\032ace TXT "space"
\\000nul A 192.0.2.71
under_score A 192.0.2.72
UPPER A 192.0.2.73
${'l'.repeat(63)} A 192.0.2.74
ttl0 0 A 192.0.2.75
`

/** Enough to see a zone's security: data, absence, wildcard, chain, empty non-terminal. */
export const shortContent = (label = 'x'): string => `
@ A 192.0.2.101
www A 192.0.2.102
www AAAA 2001:db8::102
mail MX 10 www
txt TXT "${label}"
alias CNAME www
dangling CNAME missing
*.wild A 192.0.2.103
a.ent A 192.0.2.104
dn DNAME ent
`
