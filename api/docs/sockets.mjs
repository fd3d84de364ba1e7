/*
 * The part of the page about sockets: addresses and handshake, messages in both directions, close codes. Pure: the parsed
 * asyncapi.json and openapi.json in, HTML out.
 *
 * Anchors: `socket-team` for a channel, `message-JOIN_TEAM`, `close-4001`.
 */
import { badge, escape, inline, json, sections } from './text.mjs';
import { fieldList, nameOf } from './shapes.mjs';

const host = 'localhost:8080';

/* As a client sees it: an operation of AsyncAPI is what the server does. */
const directions = [
    {
        action: 'receive',
        badge: 'send',
        id: 'socket-says',
        title: 'Messages from a client',
        words: 'One with an `id` is answered by ACK or error; without it, only what goes wrong is answered.',
    },
    {
        action: 'send',
        badge: 'receive',
        id: 'socket-hears',
        title: 'Messages from the server',
        words: 'A client passes over a `type` that it does not know.',
    },
];

const limitWords = {
    messageBytes: 'The longest message in bytes, as sent or inflated.',
    messagesPerMinute: 'Messages of a member a minute, on all of their sockets.',
    burst: 'So many of them at once.',
    socketsPerMember: 'Sockets of a member that are open at once.',
    pingSeconds: 'Seconds from one ping to the next.',
    silenceSeconds: 'Seconds of silence after which a socket is closed.',
};

/* Values that have a name in the REST contract, by the rule that this one gives them. */
const plain = { '^[1-9][0-9]*$': 'Id', '^[0-9a-f]{16}-(0|[1-9][0-9]*)-[0-9a-f]{8}\\.(0|[1-9][0-9]*)$': 'Cursor' };

function named(schema) {
    const name = schema.format === 'date-time' ? 'Time' : plain[schema.pattern];
    if (schema.items) return { ...schema, items: named(schema.items) };
    if (!name) return schema;
    const reference = { $ref: `#/components/schemas/${name}` };
    return Array.isArray(schema.type)
        ? { oneOf: [reference, { type: 'null' }], description: schema.description }
        : { ...reference, description: schema.description };
}

function fieldsOf(payload) {
    const properties = Object.entries(payload.properties).map(([name, field]) => [name, named(field)]);
    return fieldList({ ...payload, properties: Object.fromEntries(properties) }, { request: true });
}

const channelsOf = (live) => Object.entries(live.channels).map(([name, channel]) => ({ name, ...channel }));

/* Names of the messages that go one way, in the order of the contract; on one channel or on any. */
function messagesOf(live, { action }, channel) {
    const found = Object.values(live.operations)
        .filter((it) => it.action === action && (!channel || nameOf(it.channel.$ref) === channel))
        .flatMap((it) => it.messages.map(({ $ref }) => nameOf($ref)));
    return [...new Set(found)];
}

/* Prose in which the messages that it names are links. */
const prose = (live, text, from) =>
    inline(text).replace(/\b[A-Z]+(_[A-Z]+)*\b/g, (name) =>
        live.components.messages[name] && name !== from ? `<a href="#message-${name}">${name}</a>` : name,
    );

const messageLink = (name) => `<a href="#message-${name}"><code>${name}</code></a>`;
const sample = (label, text) => `<pre tabindex="0" aria-label="${label}"><code>${text}</code></pre>`;
const payloadOf = (live, name) => live.components.messages[name].examples[0].payload;

/* ---- opening ----------------------------------------------------------------------------------------------------- */

function credentialOf(scheme) {
    if (scheme.scheme === 'bearer') return 'Authorization: Bearer';
    return scheme.in === 'cookie' ? `Cookie: ${scheme.name}` : `?${scheme.name}=`;
}

function handshake(address) {
    const lines = [
        `GET ${address} HTTP/1.1`,
        `Host: ${host}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        'Authorization: Bearer $TOKEN',
    ];
    return escape(lines.join('\n'));
}

const switched = `<span class="w">HTTP/1.1 101 Switching Protocols</span>
Connection: Upgrade
Upgrade: websocket
Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`;

const inPage = (address) =>
    escape(`const socket = new WebSocket(
  \`wss://walkers.example${address}?ticket=\${ticket}\`);
socket.onmessage = ({ data }) => take(JSON.parse(data));
socket.onclose = ({ code, reason }) => next(code, reason);`);

function opening(live, answers) {
    const ways = live.servers.here.security.map(
        (scheme) => `<div class="field"><dt><code>${escape(credentialOf(scheme))}</code></dt>
<dd>${inline(scheme.description)}</dd></div>`,
    );
    const { address } = channelsOf(live)[0];
    return `<article class="endpoint" id="socket-handshake" aria-labelledby="socket-handshake-title">
<div class="words">
<h3 id="socket-handshake-title"><a href="#socket-handshake">Open a socket</a></h3>
<p>A WebSocket handshake (RFC 6455) with one of three credentials. An <code>Origin</code> that is sent has to be this site's
or an allowed one, whatever the credential.</p>
<h4>Credentials</h4>
<dl class="fields">${ways.join('\n')}</dl>
<h4>Answers</h4>
${answers}
</div>
<div class="samples">
${sample('Handshake', handshake(address))}
${sample('Answer', switched)}
${sample('In a page, with a ticket', inPage(address))}
</div>
</article>`;
}

/* ---- addresses --------------------------------------------------------------------------------------------------- */

/* How it goes on each channel, told with the examples of these messages. Only the like asks for an ACK here. */
const conversations = {
    team: ['JOIN_TEAM', 'WELCOME', 'PRESENCE_UPDATE', 'POST_LIKE', 'ACK', 'LIKE_UPDATE'],
    feed: ['WELCOME', 'NEW_POSTS', 'LIKE_UPDATE'],
    counter: ['WELCOME', 'increment', 'counterResult', 'counterChange'],
    channel: ['initial_state', 'sayMessage', 'chatAck', 'message', 'typing', 'receipt'],
};

function conversation(live, channel) {
    const said = conversations[channel.name].map((name) => {
        const mine = messagesOf(live, directions[0], channel.name).includes(name);
        const shown = { ...payloadOf(live, name) };
        if (name === 'JOIN_TEAM') delete shown.id;
        return `<span class="says">${mine ? 'Client' : 'Server'}</span>\n${json(shown)}`;
    });
    return sample('A conversation', said.join('\n\n'));
}

function channelArticle(live, channel) {
    const query = channel.bindings?.ws?.query;
    const said = directions.map(
        (direction) => `<h4>${direction.title}</h4>
<ul class="slugs">${messagesOf(live, direction, channel.name)
            .map((name) => `<li>${messageLink(name)}</li>`)
            .join('\n')}</ul>`,
    );
    const id = `socket-${channel.name}`;
    return `<article class="endpoint" id="${id}" aria-labelledby="${id}-title">
<div class="words">
<h3 id="${id}-title"><a href="#${id}">${escape(channel.title)}</a></h3>
<p class="address">${badge('get')} <code>${escape(channel.address)}</code></p>
<p>${prose(live, channel.description)}</p>
${query ? `<h4>Parameters</h4>${fieldsOf(query)}` : ''}
${said.join('\n')}
</div>
<div class="samples">
${conversation(live, channel)}
</div>
</article>`;
}

function limits(live) {
    const rows = Object.entries(live['x-limits']).map(([name, value]) => {
        if (!limitWords[name]) throw new Error(`a limit without words: ${name}`);
        return `<div class="field"><dt><code>${value.toLocaleString('en-US')}</code></dt><dd>${limitWords[name]}</dd></div>`;
    });
    return `<article class="shape" id="socket-limits"><h3><a href="#socket-limits">Limits</a></h3>
<dl class="fields">${rows.join('\n')}</dl></article>`;
}

/* ---- messages ---------------------------------------------------------------------------------------------------- */

function messageArticle(live, direction, name) {
    const message = live.components.messages[name];
    const where = channelsOf(live)
        .filter((channel) => messagesOf(live, direction, channel.name).includes(name))
        .map((channel) => `<a href="#socket-${channel.name}">${escape(channel.address)}</a>`);
    const id = `message-${name}`;
    return `<article class="endpoint" id="${id}" aria-labelledby="${id}-title">
<div class="words">
<h3 id="${id}-title"><a href="#${id}">${escape(message.title)}</a></h3>
<p class="address">${badge(direction.badge)} <code>${escape(name)}</code> <span class="open">${where.join(' ')}</span></p>
<p>${prose(live, message.summary, name)}</p>
<h4>Fields</h4>
${fieldsOf(message.payload)}
</div>
<div class="samples">
${message.examples.map(({ payload }) => sample('Example', json(payload))).join('\n')}
</div>
</article>`;
}

function closeCodes(live) {
    return live['x-close-codes']
        .map(
            ({ code, meaning, next }) => `<article class="problem" id="close-${code}">
<h3><span class="status">${code}</span> <a href="#close-${code}">${inline(meaning)}</a></h3>
<p class="action">${prose(live, next)}</p></article>`,
        )
        .join('\n');
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

const head = (id, title, words) =>
    `<header class="tag"><h2 id="${id}-title">${title}</h2><p>${words}</p></header>`;
const section = (id, title, words, body) => `<section id="${id}" aria-labelledby="${id}-title">
${head(id, title, words)}
${body}
</section>`;

/* `answers` is HTML: what a handshake is answered with. */
export function socketSections(live, answers) {
    const { paragraphs } = sections(live.info.description)[0];
    const intro = paragraphs.map((text) => `<p class="running">${prose(live, text)}</p>`).join('\n');
    const rooms = channelsOf(live).map((channel) => channelArticle(live, channel));
    return [
        section(
            'sockets',
            'Sockets',
            'The same community, told at once.',
            [intro, opening(live, answers), ...rooms, limits(live)].join('\n'),
        ),
        ...directions.map((direction) =>
            section(
                direction.id,
                direction.title,
                prose(live, direction.words),
                messagesOf(live, direction)
                    .map((name) => messageArticle(live, direction, name))
                    .join('\n'),
            ),
        ),
        section('close-codes', 'Close codes', 'Why a socket was closed, and what a client does next.', closeCodes(live)),
    ].join('\n');
}

export function socketContents(live) {
    const group = (id, title, items) =>
        `<li><a href="#${id}">${title}</a><ul>${items.map(([to, text]) => `<li><a href="#${to}">${escape(text)}</a></li>`).join('')}</ul></li>`;
    const rooms = channelsOf(live).map((channel) => [`socket-${channel.name}`, channel.address]);
    return [
        group('sockets', 'Sockets', rooms),
        ...directions.map((direction) =>
            group(
                direction.id,
                direction.title,
                messagesOf(live, direction).map((name) => [`message-${name}`, name]),
            ),
        ),
        '<li><a href="#close-codes">Close codes</a></li>',
    ].join('');
}
