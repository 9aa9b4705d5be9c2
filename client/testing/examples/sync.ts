import { CkanSyncClient } from '@millrace/client'

const sync = new CkanSyncClient('https://data.example.org', { apiKey: process.env.CKAN_API_KEY })
const source = {
  organizations: { 'city-of-x': { title: 'City of X' } },
  datasets: { 'https://x.example/d/17': { name: 'bus-stops', title: 'Bus stops', owner_org: 'city-of-x' } },
}
const first = await sync.sync('city-portal', source)
const second = await sync.sync('city-portal', source)
console.log(first.datasets.created, second.datasets.created, second.datasets.unchanged) // 1 0 1
