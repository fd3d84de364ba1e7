/*
 * The switch for live updates. It moves only after it was said what moving it does, and to whom.
 */
import { useEffect, useId, useRef, useState } from "react";
import { Button } from "../../components/Button/Button.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Failed, Loading, Problem } from "../../components/States/States.tsx";
import { Switch } from "../../components/Switch/Switch.tsx";
import { useFigures } from "../../hooks/useFigures.ts";
import { useFlag } from "../../hooks/useFlag.ts";
import { useHealth } from "../../hooks/useHealth.ts";
import { PorchlightError } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";

const { admin } = words;

interface AskProps {
    on: boolean;
    busy: boolean;
    turn: () => void;
    leave: () => void;
}

function Ask({ on, busy, turn, leave }: AskProps) {
    const { figures } = useFigures();
    const { pollSeconds } = useHealth();
    const heading = useRef<HTMLHeadingElement>(null);
    const id = useId();

    useEffect(() => heading.current?.focus(), []);

    const sentences = on ? admin.onWords : admin.offWords(figures?.sockets, pollSeconds);
    return (
        <div
            className="ask"
            role="group"
            aria-labelledby={id}
            onKeyDown={(event) => {
                if (event.key === "Escape") leave();
            }}
        >
            <h3 id={id} ref={heading} tabIndex={-1}>
                {on ? admin.askOn : admin.askOff}
            </h3>
            <ul className="ask-words">
                {sentences.map((it) => (
                    <li key={it}>{it}</li>
                ))}
            </ul>
            <div className="panel-actions">
                <Button look="main" busy={busy} onClick={turn}>
                    {busy ? admin.turning : on ? admin.turnOn : admin.turnOff}
                </Button>
                <Button className="ask-leave" onClick={leave}>
                    {admin.leave}
                </Button>
            </div>
        </div>
    );
}

function problemOf(error: unknown): string {
    const detail = error instanceof PorchlightError && error.status === 409 ? admin.noLive : problemSentence(error);
    return `${admin.turnFailed} ${detail}`;
}

export function LiveSwitch() {
    const { on, loading, error, retry, turn } = useFlag();
    const [wanted, setWanted] = useState<boolean | null>(null);
    const box = useRef<HTMLDivElement>(null);

    const leave = (): void => {
        setWanted(null);
        box.current?.querySelector("input")?.focus();
    };
    const go = (value: boolean): void => turn.mutate(value, { onSettled: leave });

    return (
        <Panel
            title={admin.live}
            {...(on !== undefined && { intro: on ? admin.liveOn : admin.liveOff })}
            icon="bolt"
        >
            {loading && <Loading>{admin.liveLoading}</Loading>}
            {on === undefined && error && <Failed title={admin.liveFailed} error={error} retry={retry} />}
            {on !== undefined && (
                <div className="live" ref={box}>
                    <Switch
                        label={admin.liveSwitch}
                        on={on}
                        turn={(value) => {
                            turn.reset();
                            setWanted(value);
                        }}
                    />
                    {wanted !== null && (
                        <Ask on={wanted} busy={turn.isPending} turn={() => go(wanted)} leave={leave} />
                    )}
                    {turn.error && <Problem>{problemOf(turn.error)}</Problem>}
                    <Done>{turn.isSuccess && (turn.data.value ? admin.turnedOn : admin.turnedOff)}</Done>
                </div>
            )}
        </Panel>
    );
}
