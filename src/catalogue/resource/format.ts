import { fold } from '../search/tokenizer.ts'

/** Formats of data by the name that facets and pages show, and the other spellings of each, media types included. */
const spellings: Readonly<Record<string, string>> = {
  CSV: 'comma separated values, comma-separated values, text/csv, application/csv, text/comma-separated-values, csv file, text/x-csv',
  TSV: 'tab separated values, tab-separated values, text/tab-separated-values, tab',
  TXT: 'text, text/plain, plain text, plaintext',
  XLS: 'excel, ms excel, microsoft excel, application/vnd.ms-excel, application/excel, application/msexcel, application/x-msexcel',
  XLSX: 'excel 2007, application/vnd.openxmlformats-officedocument.spreadsheetml.sheet, openxml, excel (xlsx)',
  ODS: 'application/vnd.oasis.opendocument.spreadsheet, opendocument spreadsheet',
  ODT: 'application/vnd.oasis.opendocument.text, opendocument text',
  DOC: 'word, ms word, application/msword',
  DOCX: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  PPT: 'powerpoint, application/vnd.ms-powerpoint',
  PPTX: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  PDF: 'application/pdf, acrobat, adobe pdf, application/x-pdf',
  HTML: 'htm, text/html, web page, webpage, website, application/xhtml+xml, xhtml',
  XML: 'application/xml, text/xml',
  JSON: 'application/json, text/json',
  'JSON Lines': 'jsonl, ndjson, application/x-ndjson, application/jsonl, application/jsonlines',
  'JSON-LD': 'jsonld, application/ld+json, json ld',
  GeoJSON: 'application/geo+json, application/vnd.geo+json, geo json',
  TopoJSON: 'application/topo+json',
  YAML: 'yml, application/yaml, text/yaml, application/x-yaml',
  ZIP: 'application/zip, application/x-zip-compressed, application/x-zip, zip file',
  GZIP: 'gz, application/gzip, application/x-gzip',
  TAR: 'application/x-tar',
  '7Z': 'application/x-7z-compressed, 7zip, 7-zip',
  RAR: 'application/vnd.rar, application/x-rar-compressed',
  SHP: 'shape, shapefile, shapefiles, esri shapefile, esri shape file, shp file, application/x-shapefile',
  GeoPackage: 'gpkg, application/geopackage+sqlite3, geo package',
  GeoTIFF: 'gtiff, geo tiff, image/geotiff',
  'Esri File Geodatabase': 'gdb, fgdb, file geodatabase, esri geodatabase',
  'Esri REST': 'arcgis rest, arcgis geoservices rest api, esri rest service, arcgis map service',
  KML: 'application/vnd.google-earth.kml+xml, google earth',
  KMZ: 'application/vnd.google-earth.kmz',
  GML: 'application/gml+xml, ogc gml',
  GPX: 'application/gpx+xml',
  DXF: 'image/vnd.dxf, application/dxf',
  WMS: 'ogc wms, ogc:wms, wms service, web map service',
  WFS: 'ogc wfs, ogc:wfs, wfs service, web feature service',
  WCS: 'ogc wcs, ogc:wcs, web coverage service',
  WMTS: 'ogc wmts, ogc:wmts, web map tile service',
  RDF: 'application/rdf+xml, rdf/xml, rdf+xml',
  Turtle: 'ttl, text/turtle, application/x-turtle, rdf turtle',
  'N-Triples': 'nt, ntriples, application/n-triples',
  SPARQL: 'sparql endpoint, api/sparql, application/sparql-query',
  RSS: 'application/rss+xml, rss feed',
  Atom: 'application/atom+xml, atom feed',
  iCalendar: 'ics, ical, text/calendar',
  GTFS: 'general transit feed specification',
  NetCDF: 'nc, netcdf4, application/x-netcdf, application/netcdf',
  HDF5: 'h5, hdf 5, application/x-hdf5, application/x-hdf',
  Parquet: 'apache parquet, application/vnd.apache.parquet, application/x-parquet',
  SQLite: 'sqlite3, application/vnd.sqlite3, application/x-sqlite3',
  SQL: 'application/sql',
  MDB: 'ms access, access, application/msaccess, application/x-msaccess',
  DBF: 'dbase, application/x-dbf, application/dbase',
  SAV: 'spss, application/x-spss-sav',
  DTA: 'stata, application/x-stata',
  PNG: 'image/png',
  JPEG: 'jpg, image/jpeg, image/jpg',
  GIF: 'image/gif',
  TIFF: 'tif, image/tiff',
  SVG: 'image/svg+xml',
  MP3: 'audio/mpeg, audio/mp3',
  MP4: 'video/mp4',
  API: 'rest api, web api, api rest, web service, webservice',
}

const names = new Map(
  Object.entries(spellings).flatMap(([name, others]) => [fold(name), ...others.split(', ')].map((spelling) => [spelling, name] as const)),
)

const maxLength = 500

/**
 * The one name of a format, whatever its spelling: `csv`, `.CSV` and `text/csv; charset=utf-8` are CSV. One that is not in the table is written in
 * capitals, a media type in small letters. What was sent stays in the resource.
 */
export function canonicalFormat(format: string): string {
  const known = canonicals.get(format)
  if (known !== undefined) return known
  const found = readFormat(format)
  if (canonicals.size >= maxKept) canonicals.clear()
  if (format.length <= 100) canonicals.set(format, found)
  return found
}

/** Caches results, because the same formats recur. */
const canonicals = new Map<string, string>()
const maxKept = 2000

function readFormat(format: string): string {
  const plain = fold(format.slice(0, maxLength)).replace(/\s+/g, ' ').trim()
  const withoutDot = plain.replace(/^\.(?=.)/, '')
  const isMediaType = /^[a-z]+\/[^\s;]+(?: ?;.*)?$/.test(plain)
  const key = isMediaType ? (plain.split(';', 1)[0]?.trim() ?? plain) : withoutDot
  const name = names.get(key)
  if (name !== undefined) return name
  return isMediaType ? key : withoutDot.toUpperCase()
}
