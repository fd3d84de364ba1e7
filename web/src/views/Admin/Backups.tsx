/*
 * What could be brought back: the backups in the folder, when the next one is made, and one more now.
 */
import { Button } from "../../components/Button/Button.tsx";
import { Icon } from "../../components/Icon/Icon.tsx";
import { Panel } from "../../components/Panel/Panel.tsx";
import { Empty, Failed, Loading, Problem } from "../../components/States/States.tsx";
import { useBackups } from "../../hooks/useBackups.ts";
import type { Backups as Folder } from "../../porchlight/index.ts";
import { problemSentence } from "../../text/problem.ts";
import { words } from "../../words.ts";

const { admin } = words;

/* The newest tell whether all is well; the rest is a number. */
const SHOWN = 7;

function Plan({ everySeconds, nextAt, keep }: Folder) {
    if (everySeconds === null || nextAt === null)
        return (
            <p className="admin-warning">
                <Icon name="cloud" />
                <span>{admin.backupsUnplanned}</span>
            </p>
        );
    return <p>{admin.backupsPlanned(new Date(nextAt), keep)}</p>;
}

function List({ items }: Pick<Folder, "items">) {
    return (
        <>
            <ul className="admin-rows">
                {items.slice(0, SHOWN).map(({ name, madeAt, bytes }) => (
                    <li key={name} className="admin-row">
                        <div>
                            <h3>
                                <time dateTime={madeAt}>{words.time.full(new Date(madeAt))}</time>
                            </h3>
                            <p>{admin.backupSize(bytes)}</p>
                        </div>
                        <p className="admin-checked">
                            <Icon name="check" />
                            <span>{admin.backupChecked}</span>
                        </p>
                    </li>
                ))}
            </ul>
            {items.length > SHOWN && <p className="admin-quiet">{admin.backupsOlder(items.length - SHOWN)}</p>}
        </>
    );
}

export function Backups() {
    const { backups, make } = useBackups();
    const { data: folder, error, isPending, refetch } = backups;
    const busy = make.isPending || folder?.making === true;
    return (
        <Panel title={admin.backups} intro={admin.backupsIntro} icon="copy">
            {isPending && <Loading>{admin.backupsLoading}</Loading>}
            {!folder && error && <Failed title={admin.backupsFailed} error={error} retry={() => void refetch()} />}
            {folder && (
                <>
                    <Plan {...folder} />
                    {folder.problem !== null && (
                        <Problem>
                            {admin.backupNotMade} {folder.problem}
                        </Problem>
                    )}
                    {folder.items.length === 0 ? (
                        <Empty icon="copy" title={admin.backupsEmpty} />
                    ) : (
                        <List items={folder.items} />
                    )}
                    {make.error && (
                        <Problem>
                            {admin.backupNotMade} {problemSentence(make.error)}
                        </Problem>
                    )}
                    <div className="panel-actions">
                        <Button look="main" icon="plus" busy={busy} onClick={() => make.mutate()}>
                            {busy ? admin.backupMaking : admin.backupMake}
                        </Button>
                    </div>
                </>
            )}
        </Panel>
    );
}
