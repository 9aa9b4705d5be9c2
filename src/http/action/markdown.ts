import markdownIt from 'markdown-it'

/** HTML in a text is shown as text, and links lead to addresses that run nothing: what comes out is safe to show. */
const markdown = markdownIt({ html: false, linkify: true })

/** Renders Markdown that anybody may have written. */
export const renderMarkdown = (text: string): string => markdown.render(text).trimEnd()
