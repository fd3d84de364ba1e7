/*
 * The page: introduction, endpoints by tag, sockets, shapes, problems. Pure: the parsed openapi.json and asyncapi.json in,
 * HTML out.
 */
import { badge, escape, inline, json, sections, slug } from './text.mjs';
import { fieldList, limitsOf, nameOf, resolve, typeOf } from './shapes.mjs';
import { socketContents, socketSections } from './sockets.mjs';

const origin = 'http://localhost:8080';
const methods = ['get', 'post', 'put', 'patch', 'delete'];
const statusWords = {
    101: 'Switching Protocols',
    200: 'OK',
    201: 'Created',
    204: 'No Content',
    304: 'Not Modified',
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    409: 'Conflict',
    413: 'Content Too Large',
    415: 'Unsupported Media Type',
    422: 'Unprocessable Content',
    426: 'Upgrade Required',
    429: 'Too Many Requests',
    500: 'Internal Server Error',
    503: 'Service Unavailable',
};

function operationsOf(api, tag) {
    const found = [];
    for (const [path, item] of Object.entries(api.paths)) {
        for (const method of methods) {
            const operation = item[method];
            if (!operation || !operation.tags.includes(tag)) continue;
            const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) =>
                resolve(api, p),
            );
            found.push({ path, method, operation, parameters });
        }
    }
    return found;
}

/* Path with its parameters set apart. */
const pathHtml = (path) => escape(path).replace(/\{(\w+)\}/g, '<var>{$1}</var>');

function contentOf(reply) {
    const [type, content] = Object.entries(reply.content ?? {})[0] ?? [];
    return { type, content };
}

function isOpen(operation) {
    return (
        operation.security !== undefined &&
        (operation.security.length === 0 || Object.keys(operation.security[0]).length === 0)
    );
}

/* What a person would type; $TOKEN and $SINCE are the reader's. */
function curl({ path, method, operation, parameters }) {
    let address = path;
    const query = [];
    const lines = [];
    for (const p of parameters) {
        if (p.in === 'path') address = address.replace(`{${p.name}}`, p.example);
        if (p.in === 'query' && p.required) query.push(`${p.name}=$${p.name.toUpperCase()}`);
    }
    const url = `${origin}${address}${query.length ? `?${query.join('&')}` : ''}`;
    const first = ['curl', method === 'get' ? '' : `-X ${method.toUpperCase()}`, query.length ? `"${url}"` : url];
    lines.push(first.filter(Boolean).join(' '));
    if (!isOpen(operation)) lines.push('-H "Authorization: Bearer $TOKEN"');
    if (parameters.some((p) => p.name === 'Idempotency-Key')) lines.push('-H "Idempotency-Key: $(uuidgen)"');
    const body = operation.requestBody?.content['application/json'];
    if (body && operation.requestBody.required) {
        lines.push('-H "Content-Type: application/json"');
        lines.push(`-d '${JSON.stringify(body.example).replaceAll("'", "'\\''")}'`);
    }
    return lines.map(escape).join(' \\\n  ');
}

function replyExample(api, status, reply) {
    const { type, content } = contentOf(reply);
    const head = [`<span class="w">HTTP/1.1 ${status} ${statusWords[status]}</span>`];
    if (type) head.push(`Content-Type: ${escape(type)}`);
    for (const [name, header] of Object.entries(reply.headers ?? {})) {
        const { required, example } = resolve(api, header);
        if (example !== undefined && (required || name === 'Set-Cookie'))
            head.push(`${escape(name)}: ${escape(example)}`);
    }
    if (!content || content.example === undefined) return head.join('\n');
    return `${head.join('\n')}\n\n${type === 'application/json' ? json(content.example) : escape(content.example)}`;
}

function parameterList(parameters) {
    const shown = parameters.filter((p) => p.name !== 'If-None-Match');
    if (shown.length === 0) return '';
    const where = { path: 'in the path', query: 'in the query', header: 'header' };
    return `<h4>Parameters</h4><dl class="fields">${shown
        .map(
            (p) => `<div class="field"><dt><code>${escape(p.name)}</code>
<span class="type">${typeOf(p.schema)}, ${where[p.in]}</span>${p.required ? '' : '<span class="optional">optional</span>'}</dt>
<dd>${inline(p.description)} <span class="limits">${escape(limitsOf(p.schema))}</span></dd></div>`,
        )
        .join('\n')}</dl>`;
}

/* What it answers when all is well, one line each; then the problems it can have, all on one. */
function answers(api, operation) {
    const well = [];
    const problems = [];
    for (const [status, unresolved] of Object.entries(operation.responses)) {
        const reply = resolve(api, unresolved);
        const { type, content } = contentOf(reply);
        const number = `<span class="status s${status[0]}">${status}</span>`;
        if (type === 'application/problem+json') {
            const slugs = content.schema.properties.type.enum.map((id) => id.replace('/docs#', ''));
            problems.push(`<li>${number} ${slugs.map((name) => `<a href="#${name}">${name}</a>`).join(', ')}</li>`);
        } else {
            const name = content?.schema?.$ref && nameOf(content.schema.$ref);
            const shape = name ? ` <a href="#shape-${name}">${name}</a>` : '';
            well.push(`<li>${number} <span>${inline(reply.description)}${shape}</span></li>`);
        }
    }
    return `<ul class="answers">${well.join('\n')}</ul>
${problems.length ? `<h4>Problems</h4><ul class="slugs">${problems.join('\n')}</ul>` : ''}`;
}

/* The one address that opens sockets and is in the REST contract; the others answer alike. */
const socketAnswers = (api, live) => {
    const address = Object.values(live.channels).map((channel) => channel.address);
    return answers(api, api.paths[address.find((it) => api.paths[it]?.get)].get);
};

function endpoint(api, found) {
    const { path, method, operation, parameters } = found;
    const body = operation.requestBody;
    const schema = body && resolve(api, body.content['application/json'].schema);
    const [status, reply] = Object.entries(operation.responses)[0];
    const fields = schema ? fieldList(schema, { request: true }) : '';
    return `<article class="endpoint" id="${operation.operationId}" aria-labelledby="${operation.operationId}-title">
<div class="words">
<h3 id="${operation.operationId}-title"><a href="#${operation.operationId}">${escape(operation.summary)}</a></h3>
<p class="address">${badge(method)} <code>${pathHtml(path)}</code>${isOpen(operation) ? ' <span class="open">no sign-in</span>' : ''}</p>
<p>${inline(operation.description)}</p>
${parameterList(parameters)}
${fields ? `<h4>Body</h4>${fields}` : ''}
<h4>Answers</h4>
${answers(api, operation)}
</div>
<div class="samples">
<pre tabindex="0" aria-label="Request"><code>${curl(found)}</code></pre>
<pre tabindex="0" aria-label="Answer"><code>${replyExample(api, status, resolve(api, reply))}</code></pre>
</div>
</article>`;
}

function shapes(api) {
    const used = new Set(['Nothing']);
    const operations = Object.values(api.paths).flatMap((item) => methods.map((method) => item[method] ?? {}));
    for (const { requestBody } of operations) {
        const schema = requestBody?.content['application/json'].schema;
        if (schema?.$ref) used.add(nameOf(schema.$ref)); // request bodies stand with their endpoint
    }
    for (const { responses } of operations)
        for (const [, name] of JSON.stringify(responses ?? {}).matchAll(/schemas\/(\w+)"/g)) used.delete(name);
    used.add('Nothing');
    return Object.entries(api.components.schemas)
        .filter(([name]) => !used.has(name))
        .map(
            ([name, schema]) => `
<article class="shape" id="shape-${name}"><h3><a href="#shape-${name}">${escape(name)}</a></h3>
<p>${schema.description ? inline(schema.description) : ''}${schema.properties ? '' : ` <span class="type">${typeOf(schema)}</span>`}</p>
${fieldList(schema)}</article>`,
        )
        .join('\n');
}

function problemList(api) {
    return api['x-problems']
        .map(
            (problem) => `<article class="problem" id="${problem.slug}">
<h3><span class="status s${String(problem.status)[0]}">${problem.status}</span> <a href="#${problem.slug}">${escape(problem.title)}</a>
<code>${escape(problem.slug)}</code></h3>
<p>${inline(problem.meaning)}</p><p class="action">${inline(problem.action)}</p></article>`,
        )
        .join('\n');
}

function contents(api, live, intro) {
    const tags = api.tags.map(
        ({ name }) =>
            `<li><a href="#${slug(name)}">${escape(name)}</a><ul>${operationsOf(api, name)
                .map(
                    ({ path, method, operation }) =>
                        `<li><a href="#${operation.operationId}">${badge(method)} <span>${pathHtml(path)}</span></a></li>`,
                )
                .join('')}</ul></li>`,
    );
    return `<ul>${intro
        .filter((s) => s.heading)
        .map((s) => `<li><a href="#${slug(s.heading)}">${escape(s.heading)}</a></li>`)
        .join('')}</ul>
<ul>${tags.join('')}${socketContents(live)}</ul>
<ul><li><a href="#shapes">Shapes</a></li><li><a href="#problems">Problems</a></li></ul>`;
}

export function page(api, live) {
    const intro = sections(api.info.description);
    // The contents come last, where a phone shows them; a wide screen moves them to the left.
    const paragraphs = (section) => section.paragraphs.map((text) => `<p>${inline(text)}</p>`).join('\n');
    const example = resolve(api, api.components.responses.NotFound).content['application/problem+json'].example;
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(api.info.title)} ${escape(api.info.version)}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header class="top">
<h1><a href="/docs">${escape(api.info.title)}</a></h1>
<p class="version">${escape(api.info.version)}</p>
<p class="jump"><a href="#contents">Contents</a></p>
<p class="raw"><a href="/openapi.json">openapi.json</a> <a href="/asyncapi.json">asyncapi.json</a></p>
</header>
<div class="frame">
<main id="content">
<section class="intro" aria-label="Introduction">
<p class="lead">${escape(api.info.summary)}</p>
${intro.map((s) => `${s.heading ? `<h2 id="${slug(s.heading)}">${escape(s.heading)}</h2>` : ''}${paragraphs(s)}`).join('\n')}
</section>
${api.tags
    .map(
        (tag) => `<section id="${slug(tag.name)}" aria-labelledby="${slug(tag.name)}-title">
<header class="tag"><h2 id="${slug(tag.name)}-title">${escape(tag.name)}</h2><p>${inline(tag.description)}</p></header>
${operationsOf(api, tag.name)
    .map((found) => endpoint(api, found))
    .join('\n')}
</section>`,
    )
    .join('\n')}
${socketSections(live, socketAnswers(api, live))}
<section id="shapes" aria-labelledby="shapes-title">
<header class="tag"><h2 id="shapes-title">Shapes</h2><p>What answers are made of. An answer has exactly these fields.</p></header>
${shapes(api)}
</section>
<section id="problems" aria-labelledby="problems-title">
<header class="tag"><h2 id="problems-title">Problems</h2>
<p>Whatever goes wrong is answered in one form, <code>application/problem+json</code> (RFC 9457). Decide by the last part of
<code>type</code>, show <code>detail</code>.</p></header>
<pre tabindex="0" aria-label="A problem"><code>${json(example)}</code></pre>
${problemList(api)}
</section>
</main>
<nav class="contents" id="contents" aria-label="Contents">${contents(api, live, intro)}</nav>
</div>
</body>
</html>
`;
}
