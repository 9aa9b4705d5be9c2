/** A licence that datasets may name. */
export interface Licence {
  readonly id: string
  readonly title: string
  readonly url: string
  /** Fit for open data. */
  readonly isOpenData: boolean
  /** Approved for open source software. */
  readonly isOpenSource: boolean
}

const definition = 'http://www.opendefinition.org/licenses/'
const source = 'http://www.opensource.org/licenses/'

/** id, title, whether open, URL. */
const dataLicences: readonly (readonly [string, string, boolean, string])[] = [
  ['notspecified', 'License Not Specified', false, ''],
  ['odc-pddl', 'Open Data Commons Public Domain Dedication and Licence (PDDL)', true, `${definition}odc-pddl`],
  ['odc-odbl', 'Open Data Commons Open Database License (ODbL)', true, `${definition}odc-odbl`],
  ['odc-by', 'Open Data Commons Attribution License', true, `${definition}odc-by`],
  ['cc-zero', 'Creative Commons CCZero', true, `${definition}cc-zero`],
  ['cc-by', 'Creative Commons Attribution', true, `${definition}cc-by`],
  ['cc-by-sa', 'Creative Commons Attribution Share-Alike', true, `${definition}cc-by-sa`],
  ['gfdl', 'GNU Free Documentation License', true, `${definition}gfdl`],
  ['ukclickusepsi', 'UK Click Use PSI', true, ''],
  ['other-open', 'Other (Open)', true, ''],
  ['other-pd', 'Other (Public Domain)', true, ''],
  ['other-at', 'Other (Attribution)', true, ''],
  ['ukcrown-withrights', 'UK Crown Copyright with data.gov.uk rights', true, ''],
  ['hesa-withrights', 'Higher Education Statistics Agency Copyright with data.gov.uk rights', true, ''],
  ['localauth-withrights', 'Local Authority Copyright with data.gov.uk rights', true, ''],
  ['uk-ogl', 'UK Open Government Licence (OGL)', true, 'http://reference.data.gov.uk/id/open-government-licence'],
  ['met-office-cp', 'Met Office UK Climate Projections Licence Agreement', false, ''],
  ['cc-nc', 'Creative Commons Non-Commercial (Any)', false, 'http://creativecommons.org/licenses/by-nc/2.0/'],
  ['ukcrown', 'UK Crown Copyright', false, ''],
  ['other-nc', 'Other (Non-Commercial)', false, ''],
  ['other-closed', 'Other (Not Open)', false, ''],
]

const softwareLicences: readonly (readonly [string, string])[] = [
  ['bsd-license', 'New and Simplified BSD licenses'],
  ['gpl-2.0', 'GNU General Public License (GPL)'],
  ['gpl-3.0', 'GNU General Public License version 3.0 (GPLv3)'],
  ['lgpl-2.1', 'GNU Library or "Lesser" General Public License (LGPL)'],
  ['mit-license', 'MIT license'],
  ['apache2.0', 'Apache License, 2.0'],
  ['mozilla1.1', 'Mozilla Public License 1.1 (MPL)'],
  ['eclipse-1.0', 'Eclipse Public License'],
]

/** The licences of a hub that names no file of its own, in the order in which they are listed. */
export const defaultLicences: readonly Licence[] = [
  ...dataLicences.map(([id, title, isOpenData, url]) => ({ id, title, url, isOpenData, isOpenSource: false })),
  ...softwareLicences.map(([id, title]) => ({ id, title, url: `${source}${id}.php`, isOpenData: false, isOpenSource: true })),
]

/** Whether data under the licence is open. */
export const isOpen = (licence: Licence | undefined) => licence !== undefined && (licence.isOpenData || licence.isOpenSource)
