namespace Workflows.Architecture.Tests;

public sealed class FolderCycleTests
{
    private static readonly string ListPath = Path.Combine(Repository.Root, FolderCycles.ListFile);

    /// <summary>Each of them has a circle.</summary>
    public static TheoryData<string> Circles() =>
    [
        // Two folders, in signatures.
        """
        namespace Workflows.Worker.Calls { public class Call { public Rounds.Round Next; } }
        namespace Workflows.Worker.Rounds { public class Round { public Calls.Call Last; } }
        """,
        // One way in a body that names no type, the other by inheritance.
        """
        namespace Workflows.Worker.Calls { public class Call { int M() { var a = Rounds.Round.Make(); return a.N; } } }
        namespace Workflows.Worker.Rounds { public class Round : Base
            { public int N; public static Round Make() => new(); } }
        namespace Workflows.Worker.Rounds { public class Base : System.Collections.Generic.List<Calls.Call> { } }
        """,
        // In a lambda and in an asynchronous method, which the compiler makes types of.
        """
        namespace Workflows.Worker.Calls { public class Call { System.Func<object> M() => () => new Rounds.Round(); } }
        namespace Workflows.Worker.Rounds { public class Round { public async System.Threading.Tasks.Task<string> M()
            { await System.Threading.Tasks.Task.Yield(); return new Calls.Call().ToString(); } } }
        """,
        // Three folders, each of which uses only the next one; a folder below a folder counts as the upper one.
        """
        namespace Workflows.Worker.Calls { public class Call { public Rounds.Round Next; } }
        namespace Workflows.Worker.Rounds.Parts { public class Part { public Ownership.Lease Lease; } }
        namespace Workflows.Worker.Rounds { public class Round { } }
        namespace Workflows.Worker.Ownership { public class Lease { public Calls.Call Call; } }
        """,
    ];

    /// <summary>None of them has one.</summary>
    public static TheoryData<string> Trees() =>
    [
        // All use what is below, over any number of ways.
        """
        namespace Workflows.Worker.Calls { public class Call { Rounds.Round Next; Ownership.Lease Lease; } }
        namespace Workflows.Worker.Rounds { public class Round { public Ownership.Lease Lease; } }
        namespace Workflows.Worker.Ownership { public class Lease { } }
        """,
        // Two that use each other within one folder.
        """
        namespace Workflows.Worker.Calls { public class Call { public Parts.Part Part; } }
        namespace Workflows.Worker.Calls.Parts { public class Part { public Call Call; } }
        """,
        // What lies in no folder uses them and is used by them.
        """
        namespace Workflows.Worker { public class Composition { public Calls.Call Call; } public class Limits { } }
        namespace Workflows.Worker.Calls { public class Call { public Limits Limits; public Composition All; } }
        """,
        // The folder of the same name in another project is another one.
        """
        namespace Workflows.Worker.Calls { public class Call { public Data.Rounds.Round Next; } }
        namespace Workflows.Data.Rounds { public class Round { } }
        namespace Workflows.Worker.Rounds { public class Round { public Calls.Call Last; } }
        """,
    ];

    [Fact]
    public void No_folders_depend_on_each_other_in_circles_but_those_the_list_names()
    {
        var found = FolderCycles.Find(Compiled.Product);
        if (Environment.GetEnvironmentVariable(FolderCycles.RenewSwitch) is { Length: > 0 })
        {
            var before = File.Exists(ListPath) ? FolderCycles.Parse(File.ReadAllText(ListPath)) : null;
            File.WriteAllText(ListPath, FolderCycles.Write(FolderCycles.Renewed(found, before)));
        }

        var problems = FolderCycles.Problems(found, FolderCycles.Parse(File.ReadAllText(ListPath))).ToArray();

        Assert.True(problems.Length == 0, string.Join(Environment.NewLine, problems));
    }

    [Fact]
    public void The_list_is_written_as_it_is_renewed()
    {
        var list = File.ReadAllText(ListPath);

        Assert.Equal(FolderCycles.Write(FolderCycles.Parse(list)), list);
    }

    [Theory]
    [MemberData(nameof(Circles))]
    public void A_circle_is_seen(string text) =>
        Assert.NotEmpty(FolderCycles.Find(Compiled.Example("Worker", text)));

    [Theory]
    [MemberData(nameof(Trees))]
    public void What_is_no_circle_is_left_alone(string text) =>
        Assert.Empty(FolderCycles.Find(Compiled.Example("Worker", text)));

    [Fact]
    public void Only_what_is_part_of_the_circle_is_named()
    {
        var found = FolderCycles.Find(Compiled.Example("Worker", """
            namespace Workflows.Worker.Calls { public class Call { public Rounds.Round Next; } }
            namespace Workflows.Worker.Rounds { public class Round { Calls.Call Last; Ownership.Lease Lease; } }
            namespace Workflows.Worker.Ownership { public class Lease { } }
            namespace Workflows.Worker.Intake { public class Claim { public Calls.Call Call; } }
            """));

        Assert.Equal(["Worker/Calls -> Worker/Rounds", "Worker/Rounds -> Worker/Calls"], found.Keys.Order());
        Assert.Equal(
            "Workflows.Worker.Calls.Call uses Workflows.Worker.Rounds.Round", found["Worker/Calls -> Worker/Rounds"]);
    }

    [Theory]
    [InlineData(true, true, null)]
    [InlineData(true, false, "A/B -> A/C is part of a circle of folders: x uses y")]
    [InlineData(false, true, "A/B -> A/C is part of no circle any more. ")]
    public void The_list_may_only_shrink(bool isThere, bool isKnown, string? problem)
    {
        Dictionary<string, string> found = isThere ? new() { ["A/B -> A/C"] = "x uses y" } : [];
        string[] known = isKnown ? ["A/B -> A/C"] : [];

        var problems = FolderCycles.Problems(found, known).ToArray();

        Assert.Equal(problem is null ? 0 : 1, problems.Length);
        Assert.All(problems, one => Assert.StartsWith(problem!, one, StringComparison.Ordinal));
        Assert.Equal(isThere && isKnown ? 1 : 0, FolderCycles.Renewed(found, known).Count);
        Assert.Equal(found.Keys, FolderCycles.Renewed(found, known: null));
    }
}
