import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { makeBed } from '../../../test/catalogue.ts'
import { checkPassword } from '../../auth/user.ts'
import { DomainError } from '../../base/errors.ts'
import { createUser, createUserReset, editUser } from './edit.ts'

const bed = await makeBed()
after(() => bed.drop())
const [root, anonymous] = [bed.as('root'), bed.as('anonymous')]
const isForbidden = (error: unknown) => error instanceof DomainError && error.code === 'forbidden'
const hour = 3_600_000

test('a reset key is valid for an hour, and a newer one replaces it', async () => {
  await createUser(root, { name: 'nora', password: 'first-word' })
  const { resetKey: late, expiresAt } = await createUserReset(root, 'nora')
  assert.equal(expiresAt, bed.clock + hour)
  bed.clock += hour + 1
  await assert.rejects(editUser(anonymous, 'nora', { password: 'second-word', reset_key: late }), isForbidden)
  const { resetKey: old } = await createUserReset(root, 'nora')
  const { resetKey } = await createUserReset(root, 'nora')
  await assert.rejects(editUser(anonymous, 'nora', { password: 'second-word', reset_key: old }), isForbidden)
  bed.clock += hour
  await editUser(anonymous, 'nora', { password: 'second-word', reset_key: resetKey })
  assert.equal((await checkPassword(root, 'nora', 'second-word'))?.user.name, 'nora')
})

test('a password that is set in another way invalidates an unused reset key', async () => {
  const { resetKey } = await createUserReset(root, 'nora')
  await editUser(root, 'nora', { password: 'third-word' })
  await assert.rejects(editUser(anonymous, 'nora', { password: 'fourth-word', reset_key: resetKey }), isForbidden)
})
