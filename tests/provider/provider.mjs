// An identity provider for tests: whoever types a name is that subject, whatever the password. It asks for PKCE.
// node provider.mjs PORT CALLBACK
import { Provider } from 'oidc-provider';

const [port, callback] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'geoservice',
      client_secret: 'a secret of tests',
      redirect_uris: [callback],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ['of tests'] },
});
provider.listen(Number(port), '127.0.0.1');
