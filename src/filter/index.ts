/**
 * What the operator does not want to be resolved: lists of names, and rules of the household's own, by groups of clients.
 *
 * From text to answer: `compileLists` reads lists into one packed set of names, in a thread of its own; `Filter` is made of that set, the groups and the own
 * rules, and says for a question and a client what becomes of it. It never waits, and asks nobody.
 */

export { checkRule as checkFilterRule, ruleFor } from './deciding/own-rules.ts'
export { minutesOf, scheduleText, scheduleWhen } from './deciding/schedule.ts'
export { Filter, type FilterDeps, type FilterOptions, type Looked, OWN_RULES } from './filter.ts'
export { limits as filterLimits } from './limits.ts'
export { type Compiled, compileLists, type ListCount, type ListText } from './set/compile.ts'
export { explain as explainList, type RuleLine } from './set/explain.ts'
export { Matcher, type RuleMatch } from './set/matcher.ts'
export { bytesOf as filterSetBytes, type PackedSet } from './set/packed-set.ts'
export type {
  AnswerMode,
  ClientIdentity,
  FilterAnswer,
  FilterControl,
  FilterDecision,
  GroupOptions,
  Judgement,
  ListFormat,
  ListKind,
  ListOptions,
  ListState,
  OwnRules,
  Pause,
  QuestionFilter,
  RuleView,
  Schedule,
} from './types.ts'
