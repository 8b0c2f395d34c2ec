// Step: checks the inputs and the event before anything else happens.
import { fail, setOutput } from './runner.mjs'
import { readSettings, SettingsError, stateFolderOf } from './settings.mjs'

try {
  const settings = readSettings(process.env)
  setOutput('settings', JSON.stringify(settings))
  setOutput('state', stateFolderOf(settings.folder))
} catch (error) {
  if (!(error instanceof SettingsError)) throw error
  fail(`${error.message}. Nothing was sent.`, { status: 2 })
}
