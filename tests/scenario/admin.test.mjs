/* /admin/flags: for administrators. */
import assert from 'node:assert/strict';
import { as, expectStatus, scenarios } from './harness.mjs';

scenarios('/admin/flags', {
    cases: [
        {
            name: 'an administrator sees the flags',
            request: 'GET /admin/flags',
            as: 'admin',
            status: 200,
            reply: { items: [{ name: 'realtime', value: false }], next: null },
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'and 304 when they know them',
            request: 'GET /admin/flags',
            as: 'admin',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        { name: 'a coach does not', request: 'GET /admin/flags', as: 'sarah', status: 403, problem: 'forbidden' },
        { name: 'a member does not', request: 'GET /admin/flags', as: 'member1', status: 403 },
        { name: 'a stranger does not', request: 'GET /admin/flags', status: 401 },
        {
            name: 'one flag by its name',
            request: 'GET /admin/flags/realtime',
            as: 'admin',
            status: 200,
            reply: { name: 'realtime', value: false },
            then: async ({ headers }, context) => {
                context.etag = headers.etag;
            },
        },
        {
            name: 'and 304 when it is known',
            request: 'GET /admin/flags/realtime',
            as: 'admin',
            headers: ({ etag }) => ({ 'if-none-match': etag }),
            status: 304,
        },
        { name: 'not for a coach', request: 'GET /admin/flags/realtime', as: 'sarah', status: 403 },
        {
            name: 'there is no other flag',
            request: 'GET /admin/flags/gravity',
            as: 'admin',
            status: 404,
            problem: 'not-found',
        },
        {
            name: 'nothing can be set that does not exist',
            request: 'PUT /admin/flags/gravity',
            as: 'admin',
            body: { value: false },
            status: 404,
        },
        {
            name: 'switching realtime off is as it was',
            request: 'PUT /admin/flags/realtime',
            as: 'admin',
            body: { value: false },
            status: 200,
            reply: { name: 'realtime', value: false },
        },
        {
            name: 'switching it on takes effect at once, and off again',
            request: 'PUT /admin/flags/realtime',
            as: 'admin',
            body: { value: true },
            status: 200,
            reply: { name: 'realtime', value: true },
            then: async (_, { server }) => {
                assert.equal(expectStatus(await as(server).get('/capabilities'), 200).socket, '/ws');
                assert.equal(expectStatus(await as(server, 'admin').get('/admin/flags/realtime'), 200).value, true);
                expectStatus(await as(server, 'admin').put('/admin/flags/realtime', { value: false }), 200);
                assert.equal(expectStatus(await as(server).get('/capabilities'), 200).socket, null);
            },
        },
        {
            name: 'not for a coach',
            request: 'PUT /admin/flags/realtime',
            as: 'sarah',
            body: { value: false },
            status: 403,
        },
        { name: 'not for a stranger', request: 'PUT /admin/flags/realtime', body: { value: false }, status: 401 },
        {
            name: 'needs a value',
            request: 'PUT /admin/flags/realtime',
            as: 'admin',
            body: {},
            status: 400,
            problem: 'invalid',
        },
        {
            name: 'the value is true or false, not a word',
            request: 'PUT /admin/flags/realtime',
            as: 'admin',
            body: { value: 'off' },
            status: 400,
            problem: 'invalid',
        },
    ],
});
