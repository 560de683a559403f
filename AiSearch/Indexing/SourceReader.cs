using System.Text.Json;
using Npgsql;
using Workflows.AiSearch.Storage;

namespace Workflows.AiSearch.Indexing;

/// <summary>Reads the present state of what is to be indexed, under its tenant, one round trip for many.</summary>
internal sealed class SourceReader(SearchDatabase database)
{
    // The published version is what runs; before the first publishing, the newest draft.
    private const string WorkflowsSql = """
        select w.id, w.name, w.description, w.environment, w.tags, f.workspace_id, w.version::bigint, w.updated_at,
               w.deleted_at is not null, w.published_version is not null, v.definition::text
        from workflows w
        left join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
        left join folders f on f.tenant_id = j.tenant_id and f.id = j.folder_id
        left join lateral (
          select definition from workflow_versions
          where tenant_id = w.tenant_id and workflow_id = w.id
          order by (number = w.published_version) desc nulls last, number desc
          limit 1
        ) v on true
        where w.tenant_id = $1 and w.id = any($2)
        """;

    private const string ExecutionsSql = """
        select e.id, e.workflow_id, w.name, coalesce(w.tags, '{}'), f.workspace_id, e.status, e.error::text,
               coalesce(e.finished_at, e.queued_at), s.steps::text
        from executions e
        left join workflows w on w.tenant_id = e.tenant_id and w.id = e.workflow_id
        left join jobs j on j.tenant_id = w.tenant_id and j.id = w.job_id
        left join folders f on f.tenant_id = j.tenant_id and f.id = j.folder_id
        left join lateral (
          select jsonb_agg(jsonb_build_object('node', node_id, 'type', node_type, 'status', status, 'error', left(error::text, $3),
                                              'output', left(output::text, $3)) order by sequence desc) as steps
          from (select * from step_executions
                where tenant_id = e.tenant_id and execution_id = e.id and e.status in ('failed', 'timed_out')
                order by sequence desc limit $4) last
        ) s on true
        where e.tenant_id = $1 and e.id = any($2)
        """;

    private const string PromptCardsSql = """
        select c.id, c.title, c.description, c.tags, c.workspace_id, c.version::bigint, c.updated_at,
          coalesce(c.deleted_at, w.deleted_at) is not null, c.messages::text, c.variables::text
        from prompt_cards c join workspaces w on w.tenant_id = c.tenant_id and w.id = c.workspace_id
        where c.tenant_id = $1 and c.id = any($2)
        """;

    private const string NodesSql = """
        select content_id, (metadata ->> 'workflowId')::uuid from search.documents
        where tenant_id = $1 and content_type = 'node' and removed_at is null and metadata ->> 'workflowId' = any($2)
        """;

    /// <summary>The contents of workflows, of their nodes, of executions and of prompt cards; one that is not there
    /// any more comes back as removed.</summary>
    public async Task<IReadOnlyList<Content>> ReadAsync(
        Guid tenantId, IReadOnlyList<Guid> workflowIds, IReadOnlyList<Guid> executionIds,
        IReadOnlyList<Guid> cardIds, CancellationToken cancellationToken)
    {
        await using var batch = database.BatchFor(tenantId);
        batch.Add(WorkflowsSql, tenantId, workflowIds.ToArray());
        batch.Add(ExecutionsSql, tenantId, executionIds.ToArray(), Limits.PartMaxLength, Limits.StepsPerExecution);
        batch.Add(PromptCardsSql, tenantId, cardIds.ToArray());
        batch.Add(NodesSql, tenantId, workflowIds.Select(id => id.ToString()).ToArray());
        await using var reader = await batch.ReadAsync(cancellationToken);
        var contents = new List<Content>();
        var workflows = new Dictionary<Guid, WorkflowSource>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var workflow = ToWorkflow(reader);
            workflows.Add(workflow.Id, workflow);
            contents.Add(WorkflowContent.Of(workflow));
            contents.AddRange(WorkflowContent.NodesOf(workflow));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            contents.Add(ExecutionContent.Of(ToExecution(reader)));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            contents.Add(PromptCardContent.Of(ToCard(reader)));
        }

        var found = contents.Select(content => content.Id).ToHashSet();
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!found.Contains(reader.GetGuid(0)))
            {
                var workflow = workflows.GetValueOrDefault(reader.GetGuid(1));
                contents.Add(Content.Removed(
                    ContentTypes.Node, reader.GetGuid(0), workflow?.Version ?? long.MaxValue,
                        workflow?.UpdatedAt ?? DateTimeOffset.UnixEpoch));
            }
        }

        contents.AddRange(workflowIds.Where(id => !found.Contains(id))
            .Select(id => Content.Removed(ContentTypes.Workflow, id, long.MaxValue, DateTimeOffset.UnixEpoch)));
        contents.AddRange(executionIds.Where(id => !found.Contains(id))
            .Select(id => Content.Removed(ContentTypes.Execution, id, long.MaxValue, DateTimeOffset.UnixEpoch)));
        contents.AddRange(cardIds.Where(id => !found.Contains(id))
            .Select(id => Content.Removed(ContentTypes.PromptCard, id, long.MaxValue, DateTimeOffset.UnixEpoch)));
        return contents;
    }

    private static PromptCardSource ToCard(NpgsqlDataReader reader) => new(
        Id: reader.GetGuid(0),
        Title: reader.GetString(1),
        Description: reader.GetString(2),
        Tags: reader.GetFieldValue<string[]>(3),
        WorkspaceId: reader.GetGuid(4),
        Version: reader.GetInt64(5),
        UpdatedAt: reader.GetFieldValue<DateTimeOffset>(6),
        IsDeleted: reader.GetBoolean(7),
        Messages: reader.GetString(8),
        Variables: reader.GetString(9));

    private static WorkflowSource ToWorkflow(NpgsqlDataReader reader) => new(
        Id: reader.GetGuid(0),
        Name: reader.GetString(1),
        Description: reader.GetString(2),
        Environment: reader.GetString(3),
        Tags: reader.GetFieldValue<string[]>(4),
        WorkspaceId: reader.IsDBNull(5) ? null : reader.GetGuid(5),
        Version: reader.GetInt64(6),
        UpdatedAt: reader.GetFieldValue<DateTimeOffset>(7),
        IsDeleted: reader.GetBoolean(8),
        IsPublished: reader.GetBoolean(9),
        Definition: reader.IsDBNull(10) ? null : reader.GetString(10));

    private static ExecutionSource ToExecution(NpgsqlDataReader reader)
    {
        var at = reader.GetFieldValue<DateTimeOffset>(7);
        return new ExecutionSource(
            Id: reader.GetGuid(0),
            WorkflowId: reader.GetGuid(1),
            WorkflowName: reader.IsDBNull(2) ? null : reader.GetString(2),
            Tags: reader.GetFieldValue<string[]>(3),
            WorkspaceId: reader.IsDBNull(4) ? null : reader.GetGuid(4),
            Status: reader.GetString(5),
            Error: reader.IsDBNull(6) ? null : reader.GetString(6),
            Version: at.ToUnixTimeMilliseconds(),
            At: at,
            Steps: reader.IsDBNull(8) ? [] : ToSteps(reader.GetString(8)));
    }

    private static List<StepSource> ToSteps(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(step => new StepSource(
            step.GetProperty("node").GetString()!,
            step.GetProperty("type").GetString()!,
            step.GetProperty("status").GetString()!,
            step.GetProperty("error").GetString(),
            step.GetProperty("output").GetString()))];
    }
}
