/**
 * The shapes that the agent API answers with, as far as this page reads them. Never loaded: for editors and `tsc`.
 *
 * @typedef {{kind: string, id: string, name?: string}} Actor
 * @typedef {{id: string, kind: string, name: string, email: string, role: string, scopes: string[], brands: string[]}} Session
 * @typedef {{id: string, label: string}} Option
 * @typedef {{style: string, start: number, length: number, url?: string, language?: string}} Span
 * @typedef {{emoji: string, by: Actor, at: string}} Reaction
 * @typedef {{kind: string, text?: string, media_type?: string, media?: string, mime?: string, size?: number,
 *   name?: string, caption?: string, alt?: string, latitude?: number, longitude?: number, address?: string,
 *   phones?: string[], emails?: string[], choices?: Option[], id?: string, label?: string, of?: string,
 *   format?: Span[], width?: number, height?: number, duration?: number, language?: string, parameters?: Record<string, string>, url?: string, title?: string, what?: string}} Part
 * @typedef {{reason: string, detail?: string, provider_code?: string|null, part?: number, only?: string}} Failure
 * @typedef {{id: string, conversation: string, seq: number, kind: string, direction: string, author: Actor,
 *   account: string|null, channel: string|null, identity: string|null, parts: Part[], provider_ids?: string[], reply_to: string|null, quote?: string, album?: string,
 *   client_ref: string|null, resend_of: string|null, sent_at: string|null, received_at: string, status: string,
 *   failure: Failure|null, reactions: Reaction[], edited_at: string|null, deleted_at: string|null,
 *   event?: any, local?: Pending, members?: Message[]}} Message
 * @typedef {{name: string, channel: string, brand: string, state: 'ok'|'degraded'|'down', why: string|null, code: string|null, since: string|null,
 *   limits: any, powers: string[], sender?: string, address?: string, label?: string, connector?: string}} Account
 * @typedef {{id: string, name: string, identities: string[], picture?: string|null}} Person
 * @typedef {{id: string, brand: string, person: Person, status: string,
 *   snoozed_until: string|null, assignee: Actor|null, labels: string[], priority: number, unread: number, seq: number,
 *   channel: string|null, account: string|null, identity?: string|null,
 *   reply_window: {open: boolean, closes_at: string|null}|null, due_at: string|null, unanswered_since?: string|null,
 *   last_message: Message|null, merged_into: string|null, opened_at: string, updated_at: string}} Conversation
 * @typedef {{type: string, cursor?: string, id?: string, kind?: string, stream?: string, seq?: number, at?: string,
 *   data?: any, conversation?: string}} Frame
 * @typedef {{media: string, media_type: string, mime: string, size: number, name: string, preview?: string}} Attachment
 * @typedef {{text: string, note: string, tab: 'reply'|'note', attachments: Attachment[], labels: string[]|null,
 *   via: string, reply_to: string, template: Filled|null}} Draft
 * @typedef {{name: string, language: string, category: string, status: string, body: string, parameters: string[],
 *   header: string, footer: string, buttons: string[]}} Template
 * @typedef {{account: string, template: Template, values: Record<string, string>}} Filled
 * @typedef {{ref: string, conversation: string, kind: 'message'|'note', parts: Part[], via: string, reply_to: string, at: string,
 *   state: 'going'|'stuck', draft: Draft}} Pending
 */
export {};
