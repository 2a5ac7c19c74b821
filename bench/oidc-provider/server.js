// oidc-provider with open dynamic client registration, for comparison: `node server.js PORT [FILE]`. With a file, what it
// keeps is on the disk before it answers, in SQLite with a write-ahead log, as that of `registrar serve` is; without one,
// in memory. Its own adapter there forgets all but the last thousand items, so that no load can read what it has registered.
import { DatabaseSync } from 'node:sqlite';
import { Provider } from 'oidc-provider';

const [port, file] = process.argv.slice(2);

class Adapter {
  constructor(model) {
    this.model = model;
  }
  async findByUid() {}
  async findByUserCode() {}
  async consume() {}
  async revokeByGrantId() {}
}

function inMemory() {
  const items = new Map();
  return class extends Adapter {
    async upsert(id, payload) {
      items.set(`${this.model}:${id}`, payload);
    }
    async find(id) {
      return items.get(`${this.model}:${id}`);
    }
    async destroy(id) {
      items.delete(`${this.model}:${id}`);
    }
  };
}

function durable(file) {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('CREATE TABLE IF NOT EXISTS items (model TEXT, id TEXT, payload TEXT, expires INTEGER, PRIMARY KEY (model, id))');
  const write = database.prepare('INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)');
  const read = database.prepare('SELECT payload, expires FROM items WHERE model = ? AND id = ?');
  const remove = database.prepare('DELETE FROM items WHERE model = ? AND id = ?');
  return class extends Adapter {
    async upsert(id, payload, expiresIn) {
      write.run(this.model, id, JSON.stringify(payload), expiresIn ? Math.floor(Date.now() / 1000) + expiresIn : null);
    }
    async find(id) {
      const row = read.get(this.model, id);
      return row && (row.expires === null || row.expires > Date.now() / 1000) ? JSON.parse(row.payload) : undefined;
    }
    async destroy(id) {
      remove.run(this.model, id);
    }
  };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: file ? durable(file) : inMemory(),
  clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
  features: { devInteractions: { enabled: false }, registration: { enabled: true }, registrationManagement: { enabled: true } },
  ttl: { RegistrationAccessToken: 86400 },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
