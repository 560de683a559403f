import { send } from './client'
import { invalidate, queryClient, useAct, useApi } from './queries'
import type { ProfileView } from './schema.gen'

/** What the console remembers of a person, beside what other programs keep in the same settings. */
export interface Preferences {
  /** `hidden` when the first steps are not to be shown any more. */
  firstWorkflow?: 'hidden'
}

const MEMBER = 'console'

const ofSettings = (settings: unknown): Record<string, unknown> =>
  typeof settings === 'object' && settings !== null && !Array.isArray(settings)
    ? (settings as Record<string, unknown>)
    : {}

/** The settings with a preference changed; all others, also those of other programs, stay as they are. */
export function withPreference<K extends keyof Preferences>(settings: unknown, name: K, value: Preferences[K]) {
  const all = ofSettings(settings)
  const { [name]: _, ...rest } = ofSettings(all[MEMBER])
  return { ...all, [MEMBER]: value === undefined ? rest : { ...rest, [name]: value } }
}

/** Null until it has been read, and for callers that are no people. */
export function usePreferences(): Preferences | null {
  const profile = useApi<ProfileView>('/users/me', undefined, { staleTime: 60_000 })
  return profile.data ? (ofSettings(ofSettings(profile.data.settings)[MEMBER]) as Preferences) : null
}

/** Remembers a preference with the person's account, so that it holds on each of their devices. */
export function useRemember() {
  return useAct<Preferences>({
    run: async (changes) => {
      const { data } = await send<ProfileView>('GET', '/users/me')
      let { settings } = data as { settings: unknown }
      for (const name of Object.keys(changes) as (keyof Preferences)[]) {
        settings = withPreference(settings, name, changes[name])
      }
      await send('PATCH', '/users/me', { body: { settings }, ifMatch: data.version })
      await invalidate(queryClient, ['/users/me'])
    },
  })
}
