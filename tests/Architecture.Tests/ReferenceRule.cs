using ArchUnitNET.Domain;
using ArchUnitNET.Domain.Dependencies;

namespace Workflows.Architecture.Tests;

/// <summary>
/// A rule about what compiled code may use. It is held on IL, so neither <c>var</c> nor an alias nor a long call
/// chain hides a use. Its examples break it: a rule that does not see its own examples would be green for ever.
/// </summary>
/// <param name="Sentence">What holds, as the name of the test.</param>
/// <param name="Covers">The types that have to keep the rule.</param>
/// <param name="IsBreach">Whether a use by such a type breaks it.</param>
/// <param name="Project">The project that the examples are compiled as.</param>
/// <param name="Examples">C# files; each of them breaks the rule by itself.</param>
internal sealed record ReferenceRule(
    string Sentence, Func<IType, bool> Covers, Func<Use, bool> IsBreach, string Project, params string[] Examples)
{
    /// <summary>Uses that are right and look like a breach: C# files in which the rule must find nothing.</summary>
    public string[] Allowed { get; init; } = [];

    /// <summary>Every breach in these types, once for each pair of types.</summary>
    public IReadOnlyList<string> Breaches(IEnumerable<IType> types) =>
    [
        .. types.Where(Covers)
            .SelectMany(type => type.Dependencies.Select(dependency => new Use(type, dependency)))
            .Where(IsBreach)
            .Select(use => use.ToString())
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    public override string ToString() => Sentence;
}

/// <summary>One type uses another: by inheritance, in a signature, an attribute, or a method body.</summary>
internal readonly record struct Use(IType User, ITypeDependency Dependency)
{
    public IType Used => Dependency.Target;

    /// <summary>
    /// The member that is called or read, as <c>Type.Name(parameters)</c>; null when only the type is named.
    /// </summary>
    public string? Member =>
        Dependency is IMemberMemberDependency { TargetMember.Name: var name } ? $"{Used.FullName}.{name}" : null;

    public override string ToString() => $"{User.FullName} uses {Member ?? Used.FullName}";
}
