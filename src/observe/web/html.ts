/** Templates: `html` is JSX without a compiler. What is interpolated is text or a node, never markup. */
import htm from 'htm'
import { h, type VNode } from 'preact'

export const html = htm.bind(h) as (parts: TemplateStringsArray, ...values: unknown[]) => VNode
