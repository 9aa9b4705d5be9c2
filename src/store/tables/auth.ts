interface UserTable {
  id: string
  /** The integer id that some surfaces show: from 1, never reused. */
  no: number
  name: string
  fullname: string | null
  email: string | null
  openid: string | null
  about: string | null
  password_hash: string | null
  key_digest: string
  key_sealed: string
  reset_digest: string | null
  reset_expires_at: number | null
  sysadmin: number
  /** `active` or `deleted`. */
  state: string
  created_at: number
}

interface SessionTable {
  digest: string
  user_id: string
  created_at: number
  expires_at: number
}

interface TokenTable {
  id: string
  digest: string
  user_id: string
  name: string
  created_at: number
  last_access_at: number | null
}

/** An address that a user has logged in from. */
interface LoginAddressTable {
  user_id: string
  /** The vault's digest of the address. */
  address_digest: string
  last_at: number
}

export interface AuthTables {
  user_account: UserTable
  session: SessionTable
  token: TokenTable
  login_address: LoginAddressTable
}
