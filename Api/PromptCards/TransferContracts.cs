using Microsoft.AspNetCore.Mvc;
using Workflows.Api.Http;
using Workflows.Engine.Prompts;

namespace Workflows.Api.PromptCards;

/// <param name="Id">Cards by id, repeatable; none = all of the workspace.</param>
internal sealed record ExportQuery(
    [property: FromQuery(Name = "workspaceId")] Guid? WorkspaceId, [property: FromQuery(Name = "id")] Guid[]? Id);

/// <summary>A version of a card as a file has it; the last one is the newest.</summary>
internal sealed record VersionFile(
    PromptMessage[] Messages, PromptVariable[]? Variables = null, PromptSettings? Settings = null, string Note = "");

internal sealed record TestSetFile(string Name, TestCase[] Cases, string Description = "");

/// <param name="Versions">From the oldest to the newest; 1 to 1,000.</param>
/// <param name="PublishedNumber">Place of the published one, from 1.</param>
internal sealed record CardFile(
    string Title,
    VersionFile[] Versions,
    string Description = "",
    string[]? Tags = null,
    RawJson? Metadata = null,
    int? PublishedNumber = null,
    TestSetFile[]? TestSets = null);

/// <param name="Schema">1.</param>
internal sealed record CardsFile(int Schema, CardFile[] Cards);

/// <param name="WorkspaceId">Where the cards go.</param>
/// <param name="Clash">What becomes of a card whose title the workspace has already: skip; rename it; or replace: its
/// newest version becomes one more of the present card, which takes over description, tags, metadata and test
/// sets.</param>
/// <param name="DryRun">Says what would be done, and does nothing.</param>
internal sealed record ImportRequest(
    Guid WorkspaceId, int Schema, CardFile[] Cards, string Clash = "skip", bool DryRun = false);

/// <param name="Action">created, renamed, replaced or skipped.</param>
/// <param name="CardId">Null where nothing was, or will be, written.</param>
internal sealed record ImportedCard(string Title, string Action, Guid? CardId);
