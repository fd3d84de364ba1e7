/*
 * All that is pinned, each with its start and a button that takes it down.
 */
import { useId } from "react";
import { Panel } from "../../components/Panel/Panel.tsx";
import { PinButton } from "../../components/PinButton/PinButton.tsx";
import { Empty, Failed, Loading } from "../../components/States/States.tsx";
import { usePinnedCount, usePins } from "../../hooks/usePins.ts";
import { usePost } from "../../hooks/usePosts.ts";
import { words } from "../../words.ts";

const { corner } = words;

function Pin({ id }: { id: string }) {
    const { data: post } = usePost(id);
    const wordsId = useId();
    if (!post) return null;
    return (
        <li className="corner-pin">
            <div>
                <a className="corner-pin-words" id={wordsId} href={`#/posts/${post.id}`}>
                    {post.body}
                </a>
                <p className="corner-quiet">{corner.pinOf(post.author.name)}</p>
            </div>
            <div className="corner-pin-actions">
                <PinButton post={post} describedBy={wordsId} />
            </div>
        </li>
    );
}

export function Pins() {
    const { data: ids, error, isPending, refetch } = usePins();
    const pinned = usePinnedCount(ids ?? []);
    return (
        <Panel title={corner.pins} {...(ids?.length && { intro: corner.pinsIntro(pinned) })} icon="pin">
            {isPending && <Loading>{corner.pinsLoading}</Loading>}
            {!ids && error && <Failed title={corner.pinsFailed} error={error} retry={() => void refetch()} />}
            {ids?.length === 0 && (
                <Empty icon="pin" title={corner.pinsEmpty}>
                    <p>{corner.pinsEmptyHelp}</p>
                </Empty>
            )}
            {ids && ids.length > 0 && (
                <ul className="corner-list">
                    {ids.map((id) => (
                        <Pin key={id} id={id} />
                    ))}
                </ul>
            )}
        </Panel>
    );
}
