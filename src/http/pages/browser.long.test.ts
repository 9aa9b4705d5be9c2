import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, test } from 'node:test'
import { type Browser, chromium, type Page } from 'playwright-core'
import { loadRecords } from '../../../scripts/load-records.ts'
import { startHub } from '../../../test/hub.ts'
import { readRealRecords } from '../../../test/real-records.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome', '/usr/bin/chromium-browser'].find((path) => existsSync(path))
/** On the project's CI a missing browser is a failure; elsewhere these tests are left out. */
const skip = !executablePath && process.env['CI'] !== 'true' && 'there is no Chromium: install Debian’s package chromium to run these'
const quiet = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let browser: Browser | undefined
const hub = await startHub({ MILLRACE_SITE_TITLE: 'City data' }, { http: true, workers: false })
after(async () => {
  await browser?.close()
  await hub.close()
})

/** A fresh page in a browser window; what its console says of faults and policies is collected. */
async function openPage(width: number): Promise<{ page: Page; faults: string[] }> {
  browser ??= await chromium.launch({ executablePath: executablePath ?? '/usr/bin/chromium', args: quiet })
  const page = await browser.newPage({ viewport: { width, height: 800 } })
  const faults: string[] = []
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(String(error)))
  return { page, faults }
}

test('a visitor searches, narrows, and comes to a dataset', { skip }, async () => {
  await loadRecords(readRealRecords(), { hubUrl: hub.url, key: hub.adminKey })
  const { page, faults } = await openPage(1000)
  await page.goto(hub.url)
  assert.equal(await page.title(), 'City data')
  await page.getByRole('searchbox').fill('airports')
  await page.getByRole('button', { name: 'Search' }).click()
  await page.getByRole('heading', { name: /datasets?$/ }).waitFor()
  assert.equal(new URL(page.url()).search, '?q=airports')
  await page.getByRole('complementary').getByRole('link', { name: 'CSV', exact: true }).first().click()
  assert.equal(await page.getByRole('searchbox').inputValue(), 'airports')
  await page.getByRole('link', { name: 'Remove filter CSV' }).waitFor()
  await page.getByRole('link', { name: 'Airports', exact: true }).click()
  await page.getByRole('heading', { name: 'Airports', level: 1 }).waitFor()
  assert.match((await page.getByRole('link', { name: 'airports.csv' }).getAttribute('href')) ?? '', /^https:.*airports\.csv$/)
  await page.getByRole('link', { name: 'csv', exact: true }).click()
  await page.getByRole('heading', { name: '23 datasets' }).waitFor()
  await page.getByRole('link', { name: 'Remove filter csv' }).click()
  await page.getByRole('heading', { name: '273 datasets' }).waitFor()
  assert.deepEqual(faults, [])
})

test('a visitor logs in where a page is closed, and sees it', { skip }, async () => {
  const headers = { authorization: hub.adminKey, 'content-type': 'application/json' }
  const body = JSON.stringify({ id: 'vega-cars' })
  await fetch(`${hub.url}/api/3/action/package_delete`, { method: 'POST', headers, body })
  const { page } = await openPage(1000)
  await page.goto(`${hub.url}/dataset/vega-cars`)
  await page.getByRole('heading', { name: 'You may not see this page' }).waitFor()
  await page.getByRole('main').getByRole('link', { name: 'Log in' }).click()
  await page.getByLabel('Name').fill('admin')
  await page.getByLabel('Password').fill('test-password')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Cars deleted' }).waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('link', { name: 'Log in' }).waitFor()
})

test('a page takes nothing from elsewhere, and looks dark where that is wanted', { skip }, async () => {
  const { page, faults } = await openPage(1280)
  const asked = new Set<string>()
  page.on('request', (request) => asked.add(new URL(request.url()).origin))
  for (const path of ['/', '/login', '/dataset/tiles-esri-worldtopomap']) {
    for (const [colorScheme, ground] of [
      ['light', 'rgb(255, 255, 255)'],
      ['dark', 'rgb(21, 23, 26)'],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.goto(hub.url + path)
      assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), ground, path)
    }
  }
  assert.deepEqual([...asked], [hub.url])
  assert.deepEqual(faults, [])
})

test('no page is wider than a telephone', { skip }, async () => {
  const { page } = await openPage(360)
  for (const path of [
    '/',
    '/dataset',
    '/dataset?q=esri',
    '/dataset?tags=csv&groups=vega-datasets&res_format=CSV&license_id=nothing',
    '/dataset?page=999',
    '/dataset?q=(open',
    '/dataset/vega-birdstrikes',
    '/dataset/tiles-esri-worldtopomap',
    '/dataset/nowhere',
    '/nowhere',
    '/login',
  ]) {
    await page.goto(hub.url + path)
    const tooWide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    assert.equal(tooWide, 0, path)
  }
})
