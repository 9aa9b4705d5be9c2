import { Type } from 'typebox'
import { flag, list, optionalText, text } from './parameter.ts'

const open = { additionalProperties: true }

/** Keys of a package that clients may set. The domain reads them: it knows where in a list an error is. */
const packageKeys = {
  title: optionalText('title; by default the name'),
  version: optionalText('version of the data, at most 100 characters'),
  url: optionalText('home page of the data'),
  author: optionalText('who made it'),
  author_email: optionalText('address of the author'),
  maintainer: optionalText('who looks after it'),
  maintainer_email: optionalText('address of the maintainer'),
  notes: optionalText('description, Markdown'),
  license_id: optionalText('id of a licence, see licence_list'),
  type: optionalText('kind of package, "dataset" by default'),
  private: flag('only for members of its organization'),
  owner_org: optionalText('id or name of the organization that owns it'),
  state: optionalText('active, deleted, pending or draft; counts from its admins and sysadmins only'),
  resources: list('files and services: objects with url, name, description, format, hash and any further keys'),
  tags: list('objects with name, or names'),
  tag_string: optionalText('names of further tags, with commas between them'),
  extras: list('objects with key and value'),
  groups: list('objects with id or name, or names'),
}

export const NewPackage = Type.Object(
  { id: optionalText('a UUID, from sysadmins only'), name: optionalText('required: 2 to 100 of a-z, 0-9, - and _'), ...packageKeys },
  open,
)

/** A package that may come from another catalogue. */
export const CreatedPackage = Type.Object(
  { ...NewPackage.properties, metadata_modified: optionalText('time of the last change, from sysadmins only; by default now') },
  open,
)

export const ChangedPackage = Type.Object({ id: text('id or name of the package'), name: optionalText('a new name'), ...packageKeys }, open)

/** The same; without an id the name finds the package. */
export const UpdatedPackage = Type.Object(
  { ...ChangedPackage.properties, id: optionalText('id or name of the package; without it the name counts') },
  open,
)

/** The id or name of the object of the action. */
export const ById = Type.Object({ id: text('id or name') })
