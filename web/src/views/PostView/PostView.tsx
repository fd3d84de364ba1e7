/*
 * One post on its own page: where a notice leads to.
 */
import { useRef } from "react";
import { Icon } from "../../components/Icon/Icon.tsx";
import { PostCard } from "../../components/PostCard/PostCard.tsx";
import { Empty, Failed, Loading } from "../../components/States/States.tsx";
import { usePost } from "../../hooks/usePosts.ts";
import { PorchlightError, type User } from "../../porchlight/index.ts";
import { words } from "../../words.ts";

export function PostView({ id, user }: { id: string; user: User }) {
    const { post } = words;
    const found = usePost(id);
    /* A post that goes while somebody looks at it says so in its place. */
    const seen = useRef(false);
    if (found.data) seen.current = true;
    const here = found.data ? true : found.data === null && seen.current;
    const gone =
        (found.data === null && !here) ||
        (found.error instanceof PorchlightError && [400, 403, 404].includes(found.error.status));
    return (
        <main className="page" id="main" tabIndex={-1}>
            <a className="page-back" href="#/">
                <Icon name="back" />
                {post.back}
            </a>
            <h1 className="unseen" tabIndex={-1}>
                {found.data ? post.by(found.data.author.name) : post.view}
            </h1>
            {found.isPending && <Loading cards={1}>{post.loading}</Loading>}
            {gone && (
                <Empty icon="speech" title={post.gone}>
                    {post.goneHelp}
                </Empty>
            )}
            {found.error && !gone && (
                <Failed title={post.failed} error={found.error} retry={() => void found.refetch()} />
            )}
            {here && <PostCard id={id} user={user} alone />}
        </main>
    );
}
