import { CkanHighLevelClient } from '@millrace/client'

const client = new CkanHighLevelClient('https://data.example.org', { apiKey: process.env.CKAN_API_KEY })

// We have no datasets yet on our clean instance.
console.log(await client.listDatasets()) // []

// Let us create a new dataset.
const newDataset = await client.createDataset({ name: 'example-dataset', title: 'My example dataset' })
console.log(newDataset) // CkanDataset({ id: 'dfe41b34-…', name: 'example-dataset', title: 'My example dataset', author: '', … })
console.log(await client.listDatasets()) // [ 'dfe41b34-…' ]

// Now let us change its title.
newDataset.title = 'NEW TITLE'
console.log(await client.updateDataset(newDataset)) // CkanDataset({ id: 'dfe41b34-…', name: 'example-dataset', title: 'NEW TITLE', … })

// Get it back.
console.log(await client.getDataset(newDataset.id)) // the same

// Delete it. A deleted dataset is not found any more, unless it is asked for.
await client.wipeDataset(newDataset.id)
console.log((await client.getDataset(newDataset.id, { allowDeleted: true })).state) // deleted
await client.getDataset(newDataset.id) // CkanNotFoundError, status 404: (logical) dataset state is deleted
