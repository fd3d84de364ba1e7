/*
 * Every word that members read stands in the catalogue: no view or component has one of its own. And none takes a
 * single string from the catalogue while it loads, for that would be English for ever (language.ts).
 */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import type * as TypeScript from "typescript";

/* test.mjs bundles this file, and runs it in web/. */
const ts = createRequire(join(process.cwd(), "package.json"))("typescript") as typeof TypeScript;

/* What a browser or a component of ours shows or says aloud. */
const SHOWN = new Set([
    ...["aria-label", "aria-description", "aria-placeholder", "aria-roledescription", "aria-valuetext"],
    ...["title", "placeholder", "alt", "label", "children"],
    ...["help", "hint", "intro", "legend", "labels", "problem"],
]);
/* Functions that say aloud what they are given. */
const SAYS = new Set(["announce"]);

const hasLetters = (text: string): boolean => /\p{L}/u.test(text);

/* The literals among what an expression can come to: of `a === "x" ? "y" : z` that is "y". */
function results(node: TypeScript.Node | undefined): string[] {
    if (!node) return [];
    if (ts.isStringLiteralLike(node)) return [node.text];
    if (ts.isTemplateExpression(node)) {
        const spans = node.templateSpans.flatMap((it) => [...results(it.expression), it.literal.text]);
        return [node.head.text, ...spans];
    }
    if (ts.isConditionalExpression(node)) return [...results(node.whenTrue), ...results(node.whenFalse)];
    if (ts.isBinaryExpression(node)) {
        const { kind } = node.operatorToken;
        const both = [ts.SyntaxKind.PlusToken, ts.SyntaxKind.BarBarToken, ts.SyntaxKind.QuestionQuestionToken];
        if (both.includes(kind)) return [...results(node.left), ...results(node.right)];
        return kind === ts.SyntaxKind.AmpersandAmpersandToken ? results(node.right) : [];
    }
    if (ts.isObjectLiteralExpression(node)) {
        return node.properties.flatMap((it) => (ts.isPropertyAssignment(it) ? results(it.initializer) : []));
    }
    if (ts.isArrayLiteralExpression(node)) return node.elements.flatMap(results);
    if (ts.isJsxExpression(node) || ts.isParenthesizedExpression(node)) return results(node.expression);
    return [];
}

function shownBy(node: TypeScript.Node): string[] {
    if (ts.isJsxText(node)) return [node.text];
    if (ts.isJsxAttribute(node)) return SHOWN.has(node.name.getText()) ? results(node.initializer) : [];
    if (ts.isJsxExpression(node)) return ts.isJsxAttribute(node.parent) ? [] : results(node);
    if (ts.isCallExpression(node)) return SAYS.has(node.expression.getText()) ? results(node.arguments[0]) : [];
    const sets = ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.EqualsToken;
    return sets && /^document\.title$/.test(node.left.getText()) ? results(node.right) : [];
}

/* Whether a node is read while its module loads. */
function isEarly(node: TypeScript.Node): boolean {
    for (let it = node.parent; it; it = it.parent) if (ts.isFunctionLike(it)) return false;
    return true;
}

/* `const { feed, post } = words;` takes sections, which stay: their names, or null. */
function sectionsTaken({ parent }: TypeScript.Node): string[] | null {
    if (!ts.isVariableDeclaration(parent) || !ts.isObjectBindingPattern(parent.name)) return null;
    const names = parent.name.elements.map((it) => it.name);
    return names.every(ts.isIdentifier) ? names.map((it) => it.text) : null;
}

/* Whether a name is read here, and not only mentioned: as a type, an import, a member of something else. */
function isRead(node: TypeScript.Identifier): boolean {
    const { parent } = node;
    if (ts.isVariableDeclaration(parent)) return parent.initializer === node;
    if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
    const mentions = [ts.isImportSpecifier, ts.isTypeQueryNode, ts.isQualifiedName, ts.isBindingElement];
    return !mentions.some((it) => it(parent)) && !(ts.isPropertyAssignment(parent) && parent.name === node);
}

/* Answers whether a string is taken while the module loads. `sections` has those that were taken before. */
function isTakenEarly(node: TypeScript.Node, sections: Set<string>): boolean {
    if (!ts.isIdentifier(node) || !isRead(node) || !isEarly(node)) return false;
    if (node.text !== "words") return sections.has(node.text);
    const taken = sectionsTaken(node);
    taken?.forEach((it) => sections.add(it));
    return !taken;
}

function faults(name: string, text: string): string[] {
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const sections = new Set<string>();
    const visit = (node: TypeScript.Node): void => {
        const place = (): string => `${name}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
        for (const it of shownBy(node)) if (hasLetters(it)) found.push(`${place()}: ${it.trim()}`);
        if (isTakenEarly(node, sections)) found.push(`${place()}: takes a string from words too early`);
        ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
}

const filesBelow = (folder: string): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap((it) =>
        it.isDirectory() ? filesBelow(join(folder, it.name)) : [join(folder, it.name)],
    );

const sources = filesBelow("src").filter(
    (it) =>
        /\.tsx?$/.test(it) && !/\.test\.tsx?$|\.d\.ts$|\.gen\.ts$/.test(it) && !/^src\/(words|sayings)/.test(it),
);

test("no word is said that is not in the catalogue", () => {
    assert.ok(sources.filter((it) => it.endsWith(".tsx")).length > 30, "the views and components are there");
    assert.deepEqual(
        sources.flatMap((it) => faults(it, readFileSync(it, "utf8"))),
        [],
    );
});

const guilty = [
    "const a = () => <p>Hello</p>;",
    "const a = (b: boolean) => <p>{b ? words.loading : 'Hello'}</p>;",
    "const a = (b: string) => <p>{`${b} is here`}</p>;",
    "const a = (b: boolean) => <p>{b && 'Hello'}</p>;",
    'const a = () => <button aria-label="Close" />;',
    "const a = (b: string) => <Panel title={b + ' team'} />;",
    "const a = () => <Choice labels={{ on: 'On' }} />;",
    "const a = () => announce('Hello');",
    "const a = () => { document.title = 'Hello'; };",
    "const title = words.feed.view;",
    "const { feed: { view } } = words;",
    "const all = [words.loading];",
    "const { feed } = words; const title = feed.view;",
    "const { feed } = words; const { view } = feed;",
];
const innocent = [
    "const a = (b: string) => <p className='post'>{b === 'pin' ? words.notices.pin : null} · {b}</p>;",
    "const { feed, post } = words;",
    "const a = () => <Panel title={words.loading} icon='bell' />;",
    "const b: keyof typeof words = 'feed';",
    "const { feed } = words; const a = () => feed.view;",
    "const post = 1; const other = { post: { feed: post } };",
    "const titles = () => ({ feed: words.feed.view });",
];

test("a word of its own would be found, and nothing else", () => {
    for (const it of guilty) assert.equal(faults("guilty.tsx", it).length, 1, it);
    for (const it of innocent) assert.deepEqual(faults("innocent.tsx", it), [], it);
});
