import { Type } from 'typebox'
import { notFound } from '../../../base/errors.ts'
import type { Config } from '../../../config.ts'
import { ckanVersion, version } from '../../../version.ts'
import { type Action, action } from '../action.ts'
import { Nothing, text } from '../input/parameter.ts'

const presentStatus = (config: Config) => ({
  ckan_version: ckanVersion,
  millrace_version: version,
  site_title: config.siteTitle,
  site_description: '',
  site_url: config.siteUrl,
  locale_default: 'en',
  error_emails_to: null,
  extensions: [],
})

/** What the site is, and what its actions do; `others` are all other actions. */
export function siteActions(others: Readonly<Record<string, Action>>): Readonly<Record<string, Action>> {
  const own: Record<string, Action> = {
    status_show: action({
      era: 'later',
      help: 'Name, address and version of this site; `ckan_version` is the version of the API.',
      input: Nothing,
      run: async ({ config }) => presentStatus(config),
    }),
    help_show: action({
      era: 'later',
      help: 'What an action does.',
      input: Type.Object({ name: text('name of the action') }),
      async run(_ctx, { name }) {
        const found = Object.hasOwn(own, name) ? own[name] : Object.hasOwn(others, name) ? others[name] : undefined
        if (!found) throw notFound('action', name)
        return found.help
      },
    }),
  }
  return own
}
