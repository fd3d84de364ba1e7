/*
 * Who did what, the newest first. The log holds ids; the names are those of today.
 */
import { Button } from "../../components/Button/Button.tsx";
import { Done, Panel } from "../../components/Panel/Panel.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useAudit } from "../../hooks/useAudit.ts";
import { useNow } from "../../hooks/useNow.ts";
import { useTeams } from "../../hooks/useTeams.ts";
import type { AuditEntry } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { timeInWords } from "../../text/time.ts";
import { words } from "../../words.ts";

const { admin } = words;

interface EntryProps {
    entry: AuditEntry;
    names: Map<string, string>;
    team: string | undefined;
}

const actOf = (action: string): string => (admin.acts as Record<string, string>)[action] ?? action;

function Entry({ entry, names, team }: EntryProps) {
    const now = useNow();
    const { at, actorId, action, subject, subjectId, detail } = entry;
    const nameOf = (id: string): string => names.get(id) ?? admin.someone(id);
    const whom = subjectId === null ? "" : subject === "user" ? nameOf(subjectId) : admin.numberOf(subjectId);
    const more = [whom, team, detail].filter(Boolean).join(" · ");
    return (
        <li className="admin-row">
            <div>
                <p>
                    <strong>{actorId === null ? admin.operator : nameOf(actorId)}</strong> {actOf(action)}
                </p>
                {more && <p className="admin-quiet">{more}</p>}
            </div>
            <time className="admin-quiet" dateTime={at}>
                {timeInWords(at, now)}
            </time>
        </li>
    );
}

export function Audit() {
    const { pages, entries, names, save } = useAudit();
    const { data: teams } = useTeams();
    const teamOf = (id: string | null): string | undefined => teams?.find((it) => it.id === id)?.name;
    return (
        <Panel title={admin.audit} intro={admin.auditIntro} icon="table">
            {pages.isPending && <Loading>{admin.auditLoading}</Loading>}
            {!entries && pages.error && (
                <Failed title={admin.auditFailed} error={pages.error} retry={() => void pages.refetch()} />
            )}
            {entries?.length === 0 && <Empty icon="table" title={admin.auditEmpty} />}
            {entries && entries.length > 0 && (
                <>
                    <ol className="admin-rows">
                        {entries.map((it) => (
                            <Entry key={it.id} entry={it} names={names} team={teamOf(it.teamId)} />
                        ))}
                    </ol>
                    {entries && pages.error && <Problem>{problemSentence(pages.error)}</Problem>}
                    <div className="panel-actions">
                        {pages.hasNextPage && (
                            <Button
                                icon="down"
                                busy={pages.isFetchingNextPage}
                                onClick={() => void pages.fetchNextPage()}
                            >
                                {admin.auditOlder}
                            </Button>
                        )}
                        <Button icon="copy" busy={save.isPending} onClick={() => save.mutate()}>
                            {save.isPending ? admin.auditSaving : admin.auditSave}
                        </Button>
                    </div>
                    <Done>{save.isSuccess && admin.auditSaved}</Done>
                    {save.error && (
                        <Problem>
                            {admin.auditNotSaved} {problemSentence(save.error)}
                        </Problem>
                    )}
                </>
            )}
        </Panel>
    );
}
