/*
 * Writes the types of the contract, src/porchlight/contract.gen.ts, from api/openapi.json and api/asyncapi.json.
 *
 *   node contract.mjs           writes the file
 *   node contract.mjs --check   fails when the file is not what would be written
 *
 * Of JSON Schema it knows what these two files use, and stops at anything else. Needs nothing but Node.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const read = (path) => JSON.parse(readFileSync(at(path), "utf8"));
const TARGET = at("src/porchlight/contract.gen.ts");

const scalars = { string: "string", integer: "number", number: "number", boolean: "boolean", null: "null" };
const literal = (value) => JSON.stringify(value);
const nameOf = (ref) => ref.split("/").at(-1);
const property = (name) => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));

function objectOf({ properties = {}, required = [], additionalProperties, patternProperties }, depth) {
    const names = Object.keys(properties);
    if (patternProperties) return `Record<string, ${Object.values(patternProperties).map((it) => typeOf(it, depth)).join(" | ")}>`;
    if (names.length === 0) return additionalProperties === false ? "Record<string, never>" : "Record<string, unknown>";
    const space = "    ".repeat(depth + 1);
    const lines = names.map((name) => {
        const mark = required.includes(name) ? "" : "?";
        return `${space}${property(name)}${mark}: ${typeOf(properties[name], depth + 1)};\n`;
    });
    if (additionalProperties === true) lines.push(`${space}[more: string]: unknown;\n`);
    return `{\n${lines.join("")}${"    ".repeat(depth)}}`;
}

function typeOf(schema, depth = 0) {
    if (schema.$ref) return nameOf(schema.$ref);
    if ("const" in schema) return literal(schema.const);
    if (schema.enum) return schema.enum.map(literal).join(" | ");
    const either = schema.oneOf ?? schema.anyOf;
    if (either) return either.map((it) => typeOf(it, depth)).join(" | ");
    if (schema.allOf) return schema.allOf.map((it) => `(${typeOf(it, depth)})`).join(" & ");
    if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, depth)).join(" | ");
    if (schema.type === "array") {
        const items = typeOf(schema.items ?? {}, depth);
        return / [|&] /.test(items) && !items.startsWith("{") ? `(${items})[]` : `${items}[]`;
    }
    if (schema.type === "object") return objectOf(schema, depth);
    if (scalars[schema.type]) return scalars[schema.type];
    if (Object.keys(schema).every((key) => key === "description" || key === "example")) return "unknown";
    throw new Error(`no type for ${JSON.stringify(schema)}`);
}

const declared = (name, schema) =>
    schema.type === "object" && schema.properties && Object.keys(schema.properties).length > 0
        ? `export interface ${name} ${typeOf(schema)}\n`
        : `export type ${name} = ${typeOf(schema)};\n`;

function messagesOf(asyncapi, operation) {
    return asyncapi.operations[operation].messages.map(({ $ref }) => nameOf($ref));
}

/* JOIN_TEAM is a JoinTeamMessage, ping a PingMessage, setValue a SetValueMessage. */
const messageName = (name) =>
    name === "reset" // RESET has the name that it would get
        ? "ResetCounterMessage"
        : `${name.split("_").map((part) => part[0].toUpperCase() + (/[a-z]/.test(part) ? part.slice(1) : part.slice(1).toLowerCase())).join("")}Message`;

function contract() {
    const openapi = read("../api/openapi.json");
    const asyncapi = read("../api/asyncapi.json");
    const schemas = Object.entries(openapi.components.schemas).map(([name, schema]) => declared(name, schema));
    const messages = Object.entries(asyncapi.components.messages).map(([name, { payload }]) =>
        declared(messageName(name), payload),
    );
    const union = (name, operation) =>
        `export type ${name} =\n${messagesOf(asyncapi, operation)
            .map((it) => `    | ${messageName(it)}`)
            .join("\n")};\n`;
    return [
        "/* Written by web/contract.mjs from api/openapi.json and api/asyncapi.json: change those, then `npm run contract`. */\n",
        ...schemas,
        ...messages,
        union("ClientSays", "say"),
        union("ServerSays", "hear"),
        union("CounterClientSays", "sayCounter"),
        union("CounterServerSays", "hearCounter"),
        union("ChannelClientSays", "sayChannel"),
        union("ChannelServerSays", "hearChannel"),
    ].join("\n");
}

const text = contract();
if (process.argv[2] === "--check") {
    let current = "";
    try {
        current = readFileSync(TARGET, "utf8");
    } catch {
        /* Then it is not current either. */
    }
    if (current !== text) {
        console.error("web/src/porchlight/contract.gen.ts:1: contract: it is not what api/*.json say; run `npm run contract` in web/");
        process.exitCode = 1;
    }
} else writeFileSync(TARGET, text);
