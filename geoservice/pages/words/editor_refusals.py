"""Why a step of the boundary editor is refused, by the code of the refusal, in the words of its page."""

from __future__ import annotations

#: By code of `EditRefused`; `{grids}` are the grids concerned.
EDITS: dict[str, tuple[str, ...]] = {
    "edit.no-such-grid": (
        "草案中没有网格 {grid}，或它没有图形。",
        "There is no grid {grid} in this draft, or it has no shape.",
    ),
    "edit.code-taken": ("编号 {grid} 已被占用，请换一个。", "The code {grid} is taken: choose another."),
    "edit.code-twice": (
        "有两个网格的编号都是 {grid}，请先改掉一个。",
        "Two grids have the code {grid}: change one first.",
    ),
    "edit.parts-of-one-code": (
        "两部分的编号都是 {grid}，请各给一个。",
        "Both parts would have the code {grid}: give them two.",
    ),
    "edit.merge-of-one": ("合并需要两个以上不同的网格。", "Merging takes two or more different grids."),
    "edit.do-not-hang-together": (
        "{grids} 没有共同的边界，不能合并；只在一点相接不算。",
        "{grids} have no border in common and can not be merged; a corner is not enough.",
    ),
    "edit.no-common-border": (
        "{grids} 没有共同的边界，请选择相邻的两个网格。",
        "{grids} have no border in common: choose two neighbours.",
    ),
    "edit.not-on-earth": ("有一处坐标不是经纬度。", "A place is not longitude and latitude."),
    "edit.no-vertex-near": (
        "这里 {metres} 米内没有边界顶点，可能刚被改过。",
        "There is no vertex of a border within {metres} m: it may just have been changed.",
    ),
    "edit.no-border-near": (
        "这里 {metres} 米内没有边界，可能刚被改过。",
        "There is no border within {metres} m: it may just have been changed.",
    ),
    "edit.nobody-behind": (
        "{grids} 在这里的边界另一侧没有网格。外轮廓不动；若在内部，请先修补缝隙。",
        "The border of {grids} has no other grid behind it here. The outline stands still; inside it, mend the gap.",
    ),
    "edit.on-outline": (
        "这一处在外轮廓上，外轮廓不动；请移动内部的顶点，或重画在此结束的边界。",
        "This place lies on the outline, which stands still: move one inside, or redraw the border that ends here.",
    ),
    "edit.borders-meet": (
        "几条边界在此相交，删去后其间不剩地块；请移动它，或合并网格。",
        "Borders meet here, or nothing would be left between them: move this vertex, or merge the grids.",
    ),
    "edit.line-not-one": ("请画一条至少两个点的线。", "Draw one line of two places at least."),
    "edit.line-too-long": ("这条线有 {n} 个点，最多 {most} 个。", "The line has {n} places; {most} are the most."),
    "edit.line-nowhere": ("线的起点和终点是同一处。", "The line begins and ends at one place and goes nowhere."),
    "edit.line-crosses-itself": ("线与自身相交或相接，请重画。", "The line crosses or touches itself: draw it anew."),
    "edit.line-beside": (
        "线没有穿过网格，请从边界画到边界。",
        "The line does not pass through the grid: draw it from border to border.",
    ),
    "edit.line-ends-inside": (
        "线在网格内部就结束了，请画到边界上或略过边界。",
        "The line ends inside: draw it on to the border, or a little across.",
    ),
    "edit.line-not-in-two": (
        "这条线把网格分成了 {n} 块，不是两块；请只穿过边界各一次。",
        "The line makes {n} pieces, not two: let it enter at the border once and leave once.",
    ),
    "edit.line-not-one-stretch": (
        "这条线没有替换共同边界上连续的一段；请在同一段上开始和结束，中间不穿过其余边界。",
        "The line does not replace one stretch of the common border: begin and end it on one, and cross no other.",
    ),
    "edit.line-on-border": (
        "这条线没有离开原边界，请画出新边界的位置。",
        "The line does not leave the border: draw it where the border shall be.",
    ),
    "edit.line-leaves-nothing": (
        "这样画后其中一个网格不剩地块；请让两侧各留一部分。",
        "The line leaves nothing for one of the two: draw it so that each has some.",
    ),
    "edit.would-not-be-sound": (
        "{grids} 改后不合规：{rule}。请少移一些，或换个方向。",
        "{grids} would not do: {rule}. Move it less far, or another way.",
    ),
    "edit.loses-ground": (
        "{grids} 原有的地块会有一部分不再属于任何网格；请少移一些，或换个方向。",
        "Some ground of {grids} would be nobody's: move it less far, or another way.",
    ),
    "edit.reaches-beyond": (
        "{grids} 会超出原来共有的地块；请少移一些，或换个方向。",
        "{grids} would reach beyond the ground that they have: move it less far, or another way.",
    ),
    "edit.would-overlap": (
        "{grids} 会重叠，或相邻边界对不上；请少移一些，或换个方向。",
        "{grids} would overlap, or not match along a border: move it less far, or another way.",
    ),
    "edit.nothing-to-decide": (
        "草案中没有缝隙和重叠，不用裁定。",
        "There is no gap and no overlap in this draft: nothing has to be decided.",
    ),
    "edit.no-open-ground": (
        "这里已没有缝隙或重叠，可能刚被改过。",
        "There is no gap and no overlap here any more: it may just have been mended.",
    ),
    "edit.does-not-touch": (
        "{grid} 不与这块地相接；相接的有：{near}。",
        "{grid} does not touch that ground. Those that do: {near}.",
    ),
    "edit.too-narrow": ("这块地太窄，不能划给谁；请用“修补”。", "That ground is too narrow to be given away: mend it."),
    "edit.is-a-grid": ("{grid} 本来就是网格。", "{grid} is a grid."),
    "edit.proposal-has-no-grid": ("建议中没有网格 {grid}。", "The proposal has no grid {grid}."),
    "edit.proposal-takes-more": (
        "{grid} 的一部分会划给新网格 {other}，请一并采用 {other}。",
        "Ground of {grid} would go to the new grid {other}: take {other} over as well.",
    ),
    "edit.proposal-no-partition": (
        "这样采用后网格不能拼满辖区：{rule}（{grids}）。请全部采用，或换几个网格。",
        "That would leave no partition: {rule} ({grids}). Take over all of it, or other grids.",
    ),
}

#: By field of a request that is not as it must be.
FIELDS: dict[str, tuple[str, ...]] = {
    "field.code": (
        "编号为 1 到 64 个字，两端无空格，不含不可见字符。",
        "A code is 1 to 64 characters, none of them invisible, without a blank at either end.",
    ),
    "field.name": ("名称为 1 到 200 个字，不含不可见字符。", "A name is 1 to 200 characters, none of them invisible."),
    "field.reason": ("理由用一行写明，1 到 200 个字。", "A reason is a few words in one line, at most 200 characters."),
    "field.note": ("说明用一行写明，最多 200 个字。", "A note is a few words in one line, at most 200 characters."),
    "field.tolerance_m": ("修补的宽度大于 0，最多 10 米。", "What is mended is wider than 0 and at most 10 m."),
    "field.households": (
        "每个网格的户数为 100 到 100,000，最少不超过最多。",
        "A grid has 100 to 100,000 households, the fewest no more than the most.",
    ),
    "field.grids": (
        "网格数为 1 到 1,000；拆分至少两个。",
        "There are 1 to 1,000 grids; a grid is split into two or more.",
    ),
    "field.line": ("线上的点须是经纬度。", "A place of the line is longitude, then latitude."),
}

#: By the rule of the database that was broken; `refused` of the others.
RULES: dict[str, tuple[str, ...]] = {
    "rule.edition_note_check": (
        "说明用一行写明，最多 200 个字，不含号码和住址。",
        "A note is a few words in one line, at most 200 characters, without a number or an address of a person.",
    ),
    "rule.reason_check": (
        "理由用一行写明，最多 200 个字，不含号码和住址。",
        "A reason is a few words in one line, at most 200 characters, without a number or an address of a person.",
    ),
    "rule.code_check": FIELDS["field.code"],
    "rule.name_check": FIELDS["field.name"],
    "rule.geom_check": (
        "图形须有效、不为空，顶点不超过 100,000 个。",
        "The shape must be valid, not empty, and of at most 100,000 vertices.",
    ),
    "rule.refuse_overlap": (
        "同一版的网格不能重叠，请移动其中一个的边界。",
        "Grids of an edition may not overlap: move the border of one.",
    ),
    "rule.grid_code_once_per_edition": (
        "这一版中已有这个编号，请换一个。",
        "There is a grid of this code in the edition already: take another code.",
    ),
    "rule.draft_step_number": (
        "别处同时也做了一步，请看过再试。",
        "Somebody else made a step at the same moment: look at it, then try again.",
    ),
}

#: By kind of problem.
KINDS: dict[str, tuple[str, ...]] = {
    "refused.0": (
        "服务没有应答。恢复后会查明这一步是否已保存，并在此告知。",
        "The service does not answer. When it is there again, the page looks whether this was saved, and says so.",
    ),
    "refused.other": ("这一步没有保存。", "This step was not taken."),
    "refused.edit-refused": (
        "网格不允许这样改，草案没有变动。",
        "The grids do not allow that; the draft is as it was.",
    ),
    "refused.nothing-to-undo": ("没有可撤销的步骤。", "There is nothing to undo."),
    "refused.nothing-to-redo": ("没有可重做的步骤。", "There is nothing to redo."),
    "refused.four-eyes": (
        "你参与画过这份草案，须由另一人发布。",
        "You had a hand in this draft: somebody else publishes it.",
    ),
    "refused.preview-outdated": (
        "预览之后数据又有变化，没有发布；请重新查看预览。",
        "The data changed since the preview, and nothing was published: look at it anew.",
    ),
    "refused.preview-unknown": (
        "没有这份预览，请重新查看预览。",
        "There is no such preview of this draft: look at a new one.",
    ),
    "refused.published-meanwhile": (
        "画图期间又发布了一版，须先改从现行版本画起。",
        "Another edition was published since it was drawn: draw it anew from that.",
    ),
    "refused.edited-meanwhile": (
        "草案刚被别人修改，请看过再继续。",
        "Somebody else edited the draft meanwhile: look at it as it is now.",
    ),
    "refused.merge-conflict": (
        "两边都改了同样的边界，须说明以谁为准。",
        "Both changed the same borders: say whose count.",
    ),
    "refused.different-bases": (
        "两份草案起于不同版本；请先把较旧的一份改从现行版本画起。",
        "The two drafts were drawn from different editions: draw the older one anew, then take it in.",
    ),
    "refused.outlines-differ": (
        "两份草案的外轮廓都改过且不同；请先统一外轮廓。",
        "Both drafts have another outline, and not the same: give one that of the other first.",
    ),
    "refused.unauthorised": (
        "登录已结束。请在新窗口重新登录，再回到这里。",
        "The session is over. Sign in in a new window, then come back here.",
    ),
    "refused.token-missing": (
        "登录的已是另一账号，请刷新页面。",
        "Another account is signed in here by now: load the page again.",
    ),
    "refused.password-to-change": (
        "须先更改密码，再回到这里。",
        "The password has to be changed first; then come back here.",
    ),
    "refused.second-factor-wanted": (
        "须先设置第二因素，再回到这里。",
        "A second factor has to be set up first; then come back here.",
    ),
    "refused.sign_in": ("重新登录", "Sign in"),
    "refused.not-a-draft": ("这已不是草案，不能再修改。", "This is no draft any more, and is not changed."),
    "refused.edition-unknown": ("这份草案已不存在。", "There is no such draft any more."),
    "refused.grid-unknown": (
        "草案中没有这个网格，或它不属于任何人。",
        "There is no such grid in this draft, or it belongs to nobody.",
    ),
    "refused.healer-busy": ("正在修补别的网格，请稍后再试。", "Other grids are being mended: try again in a moment."),
    "refused.healing-refused": (
        "这些图形不能自动修补，请用手画。",
        "The shapes can not be mended by themselves: draw them by hand.",
    ),
    "refused.healing-too-long": ("修补时间过长，请改用命令行。", "Mending takes too long here: use the command line."),
    "refused.proposer-busy": (
        "正在计算别的建议，请稍后再试。",
        "Another proposal is being reckoned: try again in a moment.",
    ),
    "refused.proposal-too-large": (
        "计算时间过长：请只拆分一个网格，或改用命令行。",
        "That takes too long here: propose the split of one grid, or use the command line.",
    ),
    "refused.proposal-outdated": (
        "数据或草案已有变化，建议也变了；请重新查看。",
        "The draft or its households changed, and so would the proposal: look anew.",
    ),
    "refused.proposal-impossible": (
        "按这样的户数和个数划不开；请放宽户数，或换个数目。",
        "So many households can not be divided so: allow fewer or more, or another number.",
    ),
    "refused.try-again": ("别处同时在改，请再试一次。", "The same was changed elsewhere at that moment: try again."),
    "refused.pool-exhausted": ("服务正忙，请稍后再试。", "The service is busy: try again in a moment."),
    "refused.took-too-long": ("计算时间过长，已停止；请再试一次。", "That took too long and was stopped: try again."),
    "refused.database-unavailable": (
        "数据库没有应答，请稍后再试。",
        "The database does not answer: try again in a moment.",
    ),
    "refused.internal": (
        "服务出错，已记录；请再试一次。",
        "Something went wrong on our side, and was noted: try again.",
    ),
    "refused.too-many-requests": ("操作太频繁，请稍后再试。", "That was too often: try again in a moment."),
    "refused.too-large": ("发送的内容过大。", "What was sent is too large."),
    "refused.forbidden": ("你的岗位没有这项权限。", "Your post does not include that."),
    "refused.not-here": ("这份草案属于别的辖区。", "This draft is another jurisdiction's."),
    "refused.personal-number": (
        "请去掉像电话、证件号、车牌、邮箱或账号的内容。",
        "Leave out what looks like a telephone or identity number, a plate, an e-mail address or a messenger id.",
    ),
    "refused.invalid-input": ("有填写的内容不合规。", "Something that was written is not as it must be."),
    "refused.invalid-geometry": ("图形无效。", "The shape is not valid."),
    "refused.refused": ("数据不允许这样改，草案没有变动。", "The data do not allow that; the draft is as it was."),
    "refused.close": ("知道了", "Close"),
}

REFUSALS = EDITS | FIELDS | RULES | KINDS
