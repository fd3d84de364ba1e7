/*
 * A push service on this machine, over TLS, and devices that subscribed at it.
 *
 *   startPushService()      a server with a certificate of its own; `ca` is the file to trust
 *   service.device()        {subscription, messages}: what a browser would post, and what it would have shown
 *   service.answer          (delivery) => {status, headers}, or 'lost' (the connection ends), or 'silent' (no answer)
 *
 * Each delivery is held against RFC 8030 and RFC 8292 here, and decrypted by the npm package http_ece.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createECDH, createPublicKey, randomBytes, verify } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import ece from 'http_ece';
import { temporaryFolder } from './harness.mjs';

function makeCertificate(folder) {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync(
        'openssl',
        ['req', '-x509', ...curve, '-keyout', key, '-out', cert, '-subj', '/CN=localhost', '-addext', names],
        { stdio: 'ignore' },
    );
    return { key: readFileSync(key), cert: readFileSync(cert), ca: cert };
}

const json = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

/* The claims of "vapid t=..., k=...", after the signature was verified with the key it names. */
function readVapid(header) {
    const [, token, key] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(header);
    const [head, claims, signature] = token.split('.');
    const point = Buffer.from(key, 'base64url');
    assert.equal(point.length, 65);
    const jwk = {
        kty: 'EC',
        crv: 'P-256',
        x: point.subarray(1, 33).toString('base64url'),
        y: point.subarray(33).toString('base64url'),
    };
    assert.deepEqual(json(head), { typ: 'JWT', alg: 'ES256' });
    assert.ok(
        verify(
            'sha256',
            Buffer.from(`${head}.${claims}`),
            { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
            Buffer.from(signature, 'base64url'),
        ),
        'the signature of the token holds',
    );
    return { ...json(claims), key };
}

export async function startPushService() {
    const { ca, ...certificate } = makeCertificate(temporaryFolder('tls'));
    const devices = new Map();
    const sockets = new Set();
    const service = { ca, answer: () => ({ status: 201 }), tries: 0, connections: 0 };

    const server = createServer(certificate, async (request, response) => {
        const parts = [];
        for await (const part of request) parts.push(part);
        const body = Buffer.concat(parts);
        const device = devices.get(request.url);
        service.tries += 1;
        const { headers } = request;
        const delivery = { device, headers, length: body.length, vapid: readVapid(headers.authorization) };
        assert.equal(request.method, 'POST');
        assert.equal(headers['content-encoding'], 'aes128gcm');
        assert.match(headers.topic, /^[\w-]{1,32}$/);
        assert.equal(delivery.vapid.aud, service.url);
        const { keys } = device;
        delivery.message = JSON.parse(
            ece.decrypt(body, { version: 'aes128gcm', privateKey: keys.ecdh, authSecret: keys.auth }).toString(),
        );
        const answer = service.answer(delivery);
        if (answer === 'silent') return;
        if (answer === 'lost') {
            request.socket.destroy();
            return;
        }
        if (answer.status < 300) device.deliveries.push(delivery);
        response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    server.on('connection', (socket) => {
        service.connections += 1;
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    service.url = `https://localhost:${server.address().port}`;

    service.device = () => {
        const ecdh = createECDH('prime256v1');
        ecdh.generateKeys();
        const auth = randomBytes(16).toString('base64url');
        const path = `/send/${randomBytes(24).toString('base64url')}`;
        const device = {
            keys: { ecdh, auth },
            deliveries: [],
            endpoint: `${service.url}${path}`,
            get titles() {
                return device.deliveries.map((it) => it.message.title);
            },
        };
        device.subscription = {
            endpoint: device.endpoint,
            expirationTime: null,
            keys: { p256dh: ecdh.getPublicKey('base64url'), auth },
        };
        devices.set(path, device);
        return device;
    };
    service.stop = () => {
        for (const socket of sockets) socket.destroy();
        server.close();
    };
    return service;
}
