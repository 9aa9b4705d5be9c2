import { CkanLowLevelClient, CkanValidationError } from '@millrace/client'

const ckan = new CkanLowLevelClient('https://data.example.org', { apiKey: process.env.CKAN_API_KEY })

await ckan.action('package_create', { name: 'bus-stops' })
console.log(await ckan.listDatasets()) // [ 'bus-stops' ]
try {
  await ckan.createDataset({ name: 'bus-stops' })
} catch (error) {
  if (error instanceof CkanValidationError) console.log(Object.keys(error.fields)) // [ 'name' ]
}
