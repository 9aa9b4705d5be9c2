import { CkanHighLevelClient } from '@millrace/client'

const ckan = new CkanHighLevelClient('https://data.example.org', { apiKey: process.env.CKAN_API_KEY })

const dataset = await ckan.createDataset({ name: 'bus-stops', title: 'Bus stops', extras: { theme: 'mobility' } })
dataset.title = 'All bus stops'
await ckan.updateDataset(dataset) // whole and checked: what came back is what was sent

for await (const found of ckan.iterDatasets({ q: 'bus' })) console.log(found.title, found.extras) // All bus stops { theme: 'mobility' }
