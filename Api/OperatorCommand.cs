namespace Workflows.Api;

/// <summary>Something the program does instead of serving: <c>dotnet Workflows.Api.dll NAME …</c>, and then it ends.</summary>
/// <param name="Name">The first argument.</param>
/// <param name="Usage">One line for each form: what follows the name, and what it does.</param>
/// <param name="RunAsync">Gets what follows the name; returns the exit code. 0 done, 1 failed, 2 called wrongly.</param>
internal sealed record OperatorCommand(
    string Name, string Usage, Func<string[], CancellationToken, Task<int>> RunAsync);
