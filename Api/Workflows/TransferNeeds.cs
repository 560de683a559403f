using Microsoft.EntityFrameworkCore;
using Workflows.Data.ControlPlane;
using Workflows.Engine.Definitions;

namespace Workflows.Api.Workflows;

/// <summary>What workflows name of their tenant, collected over many of them.</summary>
internal sealed class TransferNeeds
{
    private readonly SortedSet<string> _connectors = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _models = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _customNodes = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _secrets = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _variables = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _calendars = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _workflows = new(StringComparer.Ordinal);

    public void Add(CompiledWorkflow workflow, string definition)
    {
        foreach (var use in workflow.Resources)
        {
            var names = use.Kind switch
            {
                ResourceKind.Connector => _connectors,
                ResourceKind.Model => _models,
                _ => _customNodes,
            };
            names.Add(use.Name);
        }

        _secrets.UnionWith(workflow.SecretNames);
        _secrets.UnionWith(workflow.Definition.Triggers.Select(trigger => trigger.Webhook?.Secret).OfType<string>());
        _variables.UnionWith(workflow.VariableNames);
        var (workflows, calendars) = DefinitionNames.Find(definition);
        _workflows.UnionWith(workflows);
        _calendars.UnionWith(calendars);
    }

    /// <summary>All of it, without the workflows that are there already.</summary>
    public ExportRequires Without(IEnumerable<string> workflows)
    {
        var present = workflows.ToHashSet(StringComparer.OrdinalIgnoreCase);
        return new ExportRequires(
            [.. _connectors], [.. _customNodes], [.. _secrets], [.. _variables], [.. _calendars],
            [.. _workflows.Where(name => !present.Contains(name))], [.. _models]);
    }

    /// <summary>What of it the tenant does not have. Connectors, custom nodes and models are problems of the
    /// definitions.</summary>
    /// <param name="workflows">Names of workflows that come along.</param>
    public async Task<IReadOnlyList<MissingResource>> FindMissingAsync(
        WorkflowsDbContext db, IEnumerable<string> workflows, CancellationToken token)
    {
        var needs = Without(workflows);
        var missing = new List<MissingResource>();
        Add("SECRET", needs.Secrets, await db.Secrets.Select(row => row.Name)
            .ToListAsync(token), StringComparer.Ordinal);
        Add(
            "VARIABLE", needs.Variables,
            await db.Variables.Where(row => row.WorkflowId == null).Select(row => row.Name).ToListAsync(token),
            StringComparer.Ordinal);
        var calendars = await db.Calendars.Select(row => new { row.Id, row.Name }).ToListAsync(token);
        Add(
            "CALENDAR", needs.Calendars, [.. calendars.SelectMany(row => new[] { row.Id.ToString(), row.Name })],
            StringComparer.OrdinalIgnoreCase);
        string[] called = [.. needs.Workflows.Select(name => name.ToLowerInvariant())];
#pragma warning disable CA1304, CA1311, CA1862 // translated to SQL, where names are compared as the index on them does
        var found = called.Length == 0 ? [] : await db.Workflows
            .Where(row => called.Contains(row.Name.ToLower()) || called.Contains(row.Id.ToString()))
            .Select(row => new { row.Id, row.Name }).ToListAsync(token);
#pragma warning restore CA1304, CA1311, CA1862
        Add(
            "WORKFLOW", needs.Workflows, [.. found.SelectMany(row => new[] { row.Id.ToString(), row.Name })],
            StringComparer.OrdinalIgnoreCase);
        return missing;

        void Add(string type, IReadOnlyList<string> wanted, IEnumerable<string> present, StringComparer comparer) =>
            missing.AddRange(wanted.Except(present, comparer).Select(name => new MissingResource(type, name)));
    }
}
