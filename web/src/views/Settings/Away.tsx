/*
 * News while the app is closed: on this device or not, only pins, and the hours in which nothing comes. The wishes are
 * the member's, for all their devices.
 */
import { useState } from "react";
import { Field } from "../../components/Field/Field.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Problem } from "../../components/States/States.tsx";
import { Switch } from "../../components/Switch/Switch.tsx";
import { clockOffset } from "../../hooks/push.ts";
import { usePushHere, usePushSettings } from "../../hooks/usePush.ts";
import type { PushSettings } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

type QuietHours = NonNullable<PushSettings["quietHours"]>;

const NIGHT = { from: "22:00", to: "07:00" };

interface QuietProps {
    quiet: QuietHours | null;
    update: (change: { quietHours: QuietHours | null }) => void;
}

function Quiet({ quiet, update }: QuietProps) {
    const { push } = words;
    const [typed, setTyped] = useState({ from: quiet?.from ?? NIGHT.from, to: quiet?.to ?? NIGHT.to });
    const set = (change: Partial<typeof typed>): void => {
        const hours = { ...typed, ...change };
        setTyped(hours);
        /* A time that is half typed is none yet. */
        if (hours.from && hours.to) update({ quietHours: { ...hours, offsetMinutes: clockOffset() } });
    };
    return (
        <>
            <Switch
                label={push.quiet}
                help={push.quietHelp}
                on={quiet !== null}
                turn={(on) => (on ? set({}) : update({ quietHours: null }))}
            />
            {quiet && (
                <div className="settings-hours">
                    <Field label={push.from} type="time" value={typed.from} onChange={({ target }) => set({ from: target.value })} />
                    <Field label={push.to} type="time" value={typed.to} onChange={({ target }) => set({ to: target.value })} />
                </div>
            )}
        </>
    );
}

export function Away({ userId }: { userId: string }) {
    const { push } = words;
    const { able, on, turn, how } = usePushHere(userId);
    const { settings, update, failed } = usePushSettings();
    return (
        <Panel title={push.heading} intro={push.intro} icon="bell">
            {able ? (
                <Switch label={push.here} help={push.hereHelp} on={on} turn={turn}>
                    {how === "denied" && <Problem>{push.denied}</Problem>}
                    {how === "failed" && <Problem>{push.failed}</Problem>}
                </Switch>
            ) : (
                <p>{push.unable}</p>
            )}
            {settings && (able || settings.devices.length > 0) && (
                <>
                    <Switch
                        label={push.onlyPins}
                        help={push.onlyPinsHelp}
                        on={settings.onlyPins}
                        turn={(onlyPins) => update({ onlyPins })}
                    />
                    <Quiet key={settings.quietHours ? "quiet" : "loud"} quiet={settings.quietHours} update={update} />
                </>
            )}
            {failed && <Problem>{words.settings.choiceFailed}</Problem>}
        </Panel>
    );
}
