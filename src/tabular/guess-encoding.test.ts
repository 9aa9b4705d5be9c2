import assert from 'node:assert/strict'
import { test } from 'node:test'
import iconv from 'iconv-lite'
import { encodingName } from './encoding-name.ts'
import { guessEncoding } from './guess-encoding.ts'

/** Texts in common encodings, with the encoding that is guessed. */
const texts: readonly (readonly [string, string, string])[] = [
  ['город,население\nМосква,13010112\nСанкт-Петербург,5601911\n', 'windows-1251', 'windows-1251'],
  ['город,население\nМосква,13010112\nСанкт-Петербург,5601911\n', 'koi8-r', 'koi8-r'],
  ['город,население\nМосква,13010112\nСанкт-Петербург,5601911\n', 'cp866', 'ibm866'],
  ['都市,人口\n東京,13960000\n大阪市,2750000\n横浜市,3770000\n', 'shift_jis', 'shift_jis'],
  ['id,名前\n1,ひらがなとカタカナの文章です\n2,これはテストです\n', 'euc-jp', 'euc-jp'],
  ['城市,人口\n北京,21540000\n上海,24240000\n', 'gb18030', 'gb18030'],
  ['도시,인구\n서울,9776000\n부산,3448000\n', 'euc-kr', 'euc-kr'],
  ['πόλη,πληθυσμός\nΑθήνα,664046\nΘεσσαλονίκη,325182\n', 'windows-1253', 'windows-1253'],
  ['مدينة,سكان\nالقاهرة,9500000\nالإسكندرية,5200000\n', 'windows-1256', 'windows-1256'],
  ['miasto,ludność\nŁódź,672185\nGdańsk,470907\nKraków,779115\nPoznań,534813\n', 'windows-1250', 'windows-1250'],
  ['şehir,nüfus\nİstanbul,15840900\nDiyarbakır,1791373\nŞanlıurfa,2143020\n', 'windows-1254', 'windows-1254'],
  ['id,name\n1,Müller\n', 'windows-1252', 'windows-1252'],
  ['nom,ville\nÉlodie,Orléans\nAndré,Nîmes\n', 'windows-1252', 'windows-1252'],
  ['id,été\n1,à côté\n', 'windows-1252', 'windows-1252'],
  ['nombre,ciudad\nPeña,Málaga\nMuñoz,Cádiz\n', 'windows-1252', 'windows-1252'],
  ['navn,by\nØrsted,Århus\nSøren,Tønder\n', 'windows-1252', 'windows-1252'],
  ['id,t\n1,5 °C\n2,7 °C\n', 'windows-1252', 'windows-1252'],
  ['id,price\n1,€ 5\n', 'windows-1252', 'windows-1252'],
]

for (const [text, written, found] of texts) {
  test(`${JSON.stringify(text.slice(0, 24))} in ${written} is read as ${found}`, async () => {
    const { encoding } = await guessEncoding(iconv.encode(text, written))
    assert.equal(encoding, found)
  })
}

/** Samples without enough evidence: the guess must be refused, not wrong. */
const unclear: readonly (readonly [string, string])[] = [
  ['id,ед\n1,м\n2,кг\n', 'windows-1251'],
  ['id,miasto\n1,Gdańsk\n2,Poznań\n', 'iso-8859-2'],
  ['miasto,ludność\nŁódź,672185\nGdańsk,470907\n', 'iso-8859-2'],
  ['id,name\n1,Müller\n', 'macintosh'],
  ['nom,ville\nÉlodie,Orléans\nAndré,Nîmes\n', 'macintosh'],
]

for (const [text, written] of unclear) {
  test(`${JSON.stringify(text.slice(0, 24))} in ${written} is not guessed as another encoding`, async () => {
    const bytes = iconv.encode(text, written)
    const { encoding } = await guessEncoding(bytes)
    if (encoding !== undefined) assert.equal(iconv.decode(bytes, encoding), text)
  })
}

for (const [declared, name] of [
  ['UTF-8', 'utf-8'],
  ['latin1', 'windows-1252'],
  ['CP1251', 'windows-1251'],
  ['cp850', 'cp850'],
  ['IBM850', 'cp850'],
  ['ibm-437', 'cp437'],
  ['cp932', 'shift_jis'],
  ['utf-8-sig', 'utf-8'],
] as const) {
  test(`${declared} is the encoding ${name}`, () => assert.equal(encodingName(declared), name))
}

for (const declared of ['base64', 'hex', 'binary', 'utf-7', 'klingon']) {
  test(`${declared} is no encoding of text`, () => assert.throws(() => encodingName(declared), /is not known; utf-8/))
}
