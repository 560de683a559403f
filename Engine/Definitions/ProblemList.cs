namespace Workflows.Engine.Definitions;

/// <summary>Collects the problems of one definition, up to <see cref="Limits.Problems"/>.</summary>
internal sealed class ProblemList
{
    private readonly List<DefinitionProblem> _problems = [];
    private readonly List<DefinitionProblem> _objections = [];

    public IReadOnlyList<DefinitionProblem> Problems => _problems;

    /// <summary>
    /// What refuses a definition that is saved, and not one that has been published: see <see cref="Object"/>.
    /// </summary>
    public IReadOnlyList<DefinitionProblem> Objections => _objections;

    public bool IsEmpty => _problems.Count == 0;

    public bool IsFull => _problems.Count > Limits.Problems;

    public void Add(string pointer, string code, string message, string hint)
    {
        if (_problems.Count < Limits.Problems)
        {
            _problems.Add(new DefinitionProblem(pointer, code, message, hint));
        }
        else if (_problems.Count == Limits.Problems)
        {
            _problems.Add(new DefinitionProblem(
                "",
                DefinitionProblemCodes.ProblemsTruncated,
                $"There are more than {Limits.Problems} problems; the rest is not listed.",
                "Correct these first and validate again."));
        }
    }

    /// <summary>
    /// Something that a new definition must not have. A version published before this was known to be wrong is still
    /// compiled: the step that meets it fails, not every execution of the workflow.
    /// </summary>
    public void Object(string pointer, string code, string message, string hint)
    {
        if (_objections.Count < Limits.Problems)
        {
            _objections.Add(new DefinitionProblem(pointer, code, message, hint));
        }
    }

    /// <summary>RFC 6901: '~' and '/' inside a name are escaped.</summary>
    public static string Append(string pointer, string name) =>
        name.AsSpan().IndexOfAny('~', '/') < 0
            ? $"{pointer}/{name}"
            : $"{pointer}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";

    public static string Append(string pointer, int index) => $"{pointer}/{index}";
}
