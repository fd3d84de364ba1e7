/*
 * Who changed the count, and when: the newest first.
 */
import { useState } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Problem } from "../../components/States/States.tsx";
import { useNow } from "../../hooks/useNow.ts";
import type { HistoryItem, User } from "../../porchlight/index.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";
import type { Counter } from "./Count.tsx";

const SHOWN_FIRST = 5;
const SHOWN_MORE = 20;

function sentenceOf(item: HistoryItem, userId: string): string {
    const { together } = words;
    const name = item.userId === userId ? together.you : item.username;
    switch (item.type) {
        case "setValue":
            return together.entries.setValue(name, item.value);
        case "reset":
            return together.entries.reset(name);
        default:
            return together.entries[item.type](name, Math.abs(item.value - item.previousValue));
    }
}

export function Latest({ counter, user }: { counter: Counter; user: User }) {
    const { together } = words;
    const now = useNow();
    const [shown, setShown] = useState(SHOWN_FIRST);
    const { history, hasOlder, loadingOlder: busy, olderError, older } = counter;

    const more = (): void => {
        if (history.length < shown + SHOWN_MORE && hasOlder) older();
        setShown((it) => it + SHOWN_MORE);
    };

    return (
        <Panel title={together.latest} icon="people">
            {history.length === 0 && <p className="count-quiet">{together.nobody}</p>}
            <ul className="count-latest">
                {history.slice(0, shown).map((item) => (
                    <li key={item.id}>
                        <span>{sentenceOf(item, user.id)}</span>{" "}
                        <time dateTime={item.timestamp}>{timeInWords(item.timestamp, now)}</time>
                    </li>
                ))}
            </ul>
            {olderError && <Problem>{together.olderFailed}</Problem>}
            {(hasOlder || history.length > shown) && (
                <Button className="count-older" busy={busy} onClick={more}>
                    {busy ? together.olderBusy : together.older}
                </Button>
            )}
        </Panel>
    );
}
