/* GET /capabilities: what a client asks before anybody signs in. */
import { match, scenarios } from './harness.mjs';

scenarios('GET /capabilities', {
    cases: [
        {
            name: 'tells a stranger that there is no socket, the version and how often to poll',
            request: 'GET /capabilities',
            status: 200,
            reply: { realtime: false, socket: null, version: /^\d+\.\d+\.\d+/, poll: { presence: 60, posts: 30 } },
            replyHeaders: { 'cache-control': 'private, no-cache', etag: /^"/ },
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'answers 304 to who has it already',
            request: 'GET /capabilities',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        {
            name: 'is the same for a member',
            request: 'GET /capabilities',
            as: 'member1',
            status: 200,
            reply: { realtime: false },
        },
        {
            name: 'does not mind a token that does not hold',
            request: 'GET /capabilities',
            as: { token: 'v4.public.nonsense' },
            status: 200,
        },
        {
            name: 'refuses an unknown query parameter',
            request: 'GET /capabilities?verbose=1',
            status: 400,
            problem: 'invalid',
        },
    ],
});

scenarios('GET /capabilities with another interval', {
    server: { args: ['--poll-interval', '10s'] },
    cases: [
        {
            name: 'tells the interval that the operator chose',
            request: 'GET /capabilities',
            status: 200,
            reply: { poll: { presence: 10, posts: match.number } },
        },
    ],
});
