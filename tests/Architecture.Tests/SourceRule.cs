namespace Workflows.Architecture.Tests;

/// <summary>
/// A rule no analyzer has. Its example breaks it: a rule that does not see its own example would be green for ever.
/// </summary>
/// <param name="Sentence">What holds, as the name of the test.</param>
/// <param name="Find">Every violation in a file, with its place and what to do instead.</param>
/// <param name="ExamplePath">Where a file like the example would lie.</param>
/// <param name="Example">The smallest text that breaks the rule.</param>
internal sealed record SourceRule(string Sentence, Func<SourceFile, IEnumerable<string>> Find, string ExamplePath, string Example)
{
    /// <summary>Files that break the rule today. Rows may only be deleted; one that is no longer needed fails.</summary>
    public string[] Known { get; init; } = [];

    /// <summary>Another violation that must be seen, where a rule has more than one side.</summary>
    public string? OtherExample { get; init; }

    public override string ToString() => Sentence;
}
