// npm `@authlete/typescript-sdk` through the runtime of the Authlete API: authorization, pushed requests, tokens,
// introspection, revocation, userinfo, and what an operator does to tokens and grants, with every action that a request
// can bring about. On a service that it makes and deletes.
//
// The SDK must read every answer, and none may have a null. It sends no request that lacks what it takes for required,
// no ticket's `info` as an object and none of the reasons that only other SDKs know: for those, `instead` sends a body
// of its own and lets the SDK read the answer. What it drops from an answer is read from the answer itself.

import { authlete, serviceId } from './authlete-runtime/service.mjs'

const PARTS = ['authorization', 'issue', 'pushed', 'tokens', 'introspection', 'management', 'requests']

for (const part of PARTS) await import(`./authlete-runtime/${part}.mjs`)

await authlete.service.delete({ serviceId })
