/*
 * For those who look after several teams: which one to see.
 */
import { useId } from "react";
import type { TeamRef } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

interface TeamPickerProps {
    teams: TeamRef[];
    team: TeamRef;
    choose: (id: string) => void;
}

export function TeamPicker({ teams, team, choose }: TeamPickerProps) {
    const id = useId();
    return (
        <div className="field">
            <label htmlFor={id}>{words.feed.chooseTeam}</label>
            <select id={id} value={team.id} onChange={(event) => choose(event.target.value)}>
                {teams.map((it) => (
                    <option key={it.id} value={it.id}>
                        {it.name}
                    </option>
                ))}
            </select>
        </div>
    );
}
