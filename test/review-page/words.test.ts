import { describe, expect, test } from 'vitest'
import { failureClasses } from '../../src/core/failure.js'
import { decisionFilters, reviewStatuses } from '../../src/review-page/view.js'
import { chooseLanguage, languages, words } from '../../src/review-page/words.js'

/** Every text of a language by the way to it; functions are asked for a few. */
function textsIn(value: unknown, way = ''): [string, string][] {
  if (typeof value === 'string') return [[way, value]]
  if (typeof value === 'function')
    return [1, 2].flatMap((number) => textsIn(value(number, 2), `${way}(${number})`))
  return Object.entries(value as object).flatMap(([name, one]) => textsIn(one, `${way}.${name}`))
}

describe('the page speaks each language', () => {
  test.each(languages)('%s whole: nothing is missing, and nothing is empty', (language) => {
    const texts = textsIn(words[language])
    expect(texts.map(([way]) => way)).toEqual(textsIn(words.en).map(([way]) => way))
    expect(texts.filter(([, text]) => text.trim() === '')).toEqual([])
  })

  test.each(languages)('%s for every status, failure and decision', (language) => {
    const { statuses, rules, decisions } = words[language]
    expect(Object.keys(statuses).sort()).toEqual([...reviewStatuses].sort())
    expect(Object.keys(rules).sort()).toEqual([...failureClasses].sort())
    expect(Object.keys(decisions).sort()).toEqual([...decisionFilters].sort())
  })

  test.each(languages)('%s with different words for different things', (language) => {
    const { statuses, rules, decisions } = words[language]
    for (const group of [statuses, rules, decisions])
      expect(new Set(Object.values(group)).size).toBe(Object.keys(group).length)
  })

  test('and names of things in what it says', () => {
    for (const language of languages) {
      expect(words[language].open('fox')).toContain('fox')
      expect(words[language].shots(1, 2)).toMatch(/1.*2/)
    }
  })
})

test.each([
  [['zh-CN', 'en'], 'zh'],
  [['ZH'], 'zh'],
  [['de', 'zh-Hant-TW'], 'zh'],
  [['en-GB', 'zh'], 'en'],
  [['de', 'fr'], 'en'],
  [['zhx'], 'en'],
  [[], 'en'],
] as const)('browsers that want %j get %s', (wanted, language) => {
  expect(chooseLanguage(wanted)).toBe(language)
})
