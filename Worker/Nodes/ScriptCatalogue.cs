using System.Text.RegularExpressions;

namespace Workflows.Worker.Nodes;

/// <summary>One script of the section <c>Worker:Scripts</c>: a program that <c>script</c> nodes may run by its name.</summary>
public sealed record ScriptOptions
{
    /// <summary>The program, as an absolute path. No shell reads it, or its arguments.</summary>
    public string Command { get; init; } = "";

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Longer than this it is killed.</summary>
    public double TimeoutSeconds { get; init; } = 60;

    /// <summary>Bytes it may write to its standard output; with more it is killed.</summary>
    public int MaxOutputBytes { get; init; } = Engine.Limits.StepOutputBytes;

    /// <summary>Its environment, besides the worker's <c>PATH</c> and the names of the call. The values are masked in what it writes.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>Ids of the tenants that may run it; left out = every tenant, empty = none.</summary>
    public IReadOnlyList<Guid>? Tenants { get; init; }
}

/// <summary>The scripts that the operator allows. Without any the node type is switched off.</summary>
internal sealed partial class ScriptCatalogue
{
    /// <summary>Begins the names in the environment that say what the call is; no script's own.</summary>
    public const string Prefix = "WORKFLOWS_";

    private readonly Dictionary<string, ScriptOptions> _scripts = new(StringComparer.OrdinalIgnoreCase); // as the configuration compares its keys

    /// <exception cref="InvalidOperationException">A script is not described as one: the worker is not to start.</exception>
    public ScriptCatalogue(WorkerOptions options)
    {
        foreach (var (name, script) in options.Scripts)
        {
            if (FindProblem(name, script) is { } problem)
            {
                throw new InvalidOperationException($"Worker:Scripts:{name}: {problem}");
            }

            _scripts.Add(name, script);
        }
    }

    /// <summary>Null when there is none of the name, or not for this tenant: which of the two is nobody's to know.</summary>
    public ScriptOptions? Find(string name, Guid tenantId) =>
        _scripts.TryGetValue(name, out var script) && script.Tenants?.Contains(tenantId) != false ? script : null;

    private static string? FindProblem(string name, ScriptOptions script) =>
        !NameForm().IsMatch(name) ? $"a name has letters, digits, '_', '-' and '.', at most {Engine.Limits.ScriptNameLength}."
        : !Path.IsPathFullyQualified(script.Command) ? "Command must be an absolute path."
        : !Path.IsPathFullyQualified(script.WorkingDirectory) ? "WorkingDirectory must be an absolute path."
        : script.TimeoutSeconds is not (> 0 and <= Engine.Limits.NodeTimeoutSeconds) ? $"TimeoutSeconds must lie between 0 and {Engine.Limits.NodeTimeoutSeconds}."
        : script.MaxOutputBytes is not (> 0 and <= Engine.Limits.StepOutputBytes) ? $"MaxOutputBytes must lie between 1 and {Engine.Limits.StepOutputBytes}."
        : script.Arguments.Any(argument => argument.Contains('\0', StringComparison.Ordinal)) ? "Arguments must not hold U+0000."
        : script.Environment.Keys.FirstOrDefault(key => !VariableForm().IsMatch(key) || key.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) is { } wrong
            ? $"Environment:{wrong} has letters, digits and '_', and does not begin with {Prefix}."
        : null;

    [GeneratedRegex(@"\A[A-Za-z0-9_.-]{1,100}\z")]
    private static partial Regex NameForm();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex VariableForm();
}
