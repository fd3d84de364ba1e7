/*
 * What a post is written in: its words and its topics, what is wrong with them, and the room that is left.
 */
import { useId, type RefObject } from "react";
import type { Words } from "../../hooks/useDraft.ts";
import { charsOf, POST_CHARS_MAX, TOPIC_CHARS_MAX, TOPICS_MAX, topicsOf } from "../../text/topics.ts";
import { words } from "../../words.ts";
import { Field } from "../Field/Field.tsx";
import "./PostFields.css";

const { compose } = words;

/* The room left is only of interest when little is left. */
const LEFT_SHOWN_FROM = 500;

export interface WordsProblem {
    body?: string;
    topics?: string;
}

const leftOf = (body: string): number => POST_CHARS_MAX - charsOf(body);

/* Empty: there is nothing wrong. */
export function problemOfWords({ body, topics }: Words): WordsProblem {
    const left = leftOf(body);
    const list = topicsOf(topics);
    const bodyProblem = !body.trim() ? compose.missing : left < 0 ? compose.over(-left) : null;
    const long = list.some((topic) => charsOf(topic) > TOPIC_CHARS_MAX);
    const topicsProblem = list.length > TOPICS_MAX ? compose.manyTopics : long ? compose.longTopic : null;
    return { ...(bodyProblem && { body: bodyProblem }), ...(topicsProblem && { topics: topicsProblem }) };
}

interface PostFieldsProps {
    label: string;
    draft: Words;
    change: (words: Partial<Words>) => void;
    problem: WordsProblem;
    body: RefObject<HTMLTextAreaElement>;
}

export function PostFields({ label, draft, change, problem, body }: PostFieldsProps) {
    const id = useId();
    const left = leftOf(draft.body);
    const says = problem.body !== undefined || left <= LEFT_SHOWN_FROM;
    return (
        <>
            <div className="field">
                <label className="post-fields-label" htmlFor={`${id}-body`}>
                    {label}
                </label>
                <textarea
                    id={`${id}-body`}
                    ref={body}
                    rows={5}
                    value={draft.body}
                    aria-invalid={!!problem.body}
                    aria-describedby={says ? `${id}-left` : undefined}
                    onChange={(event) => change({ body: event.target.value })}
                />
                <p
                    id={`${id}-left`}
                    className={problem.body ? "field-problem" : "field-hint"}
                    hidden={!says}
                >
                    {problem.body ?? (left < 0 ? compose.over(-left) : compose.left(left))}
                </p>
            </div>
            <Field
                label={compose.topics}
                hint={compose.topicsHint}
                problem={problem.topics ?? null}
                value={draft.topics}
                onChange={(event) => change({ topics: event.target.value })}
                autoCapitalize="none"
            />
        </>
    );
}
