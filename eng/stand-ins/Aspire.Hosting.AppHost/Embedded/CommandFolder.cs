using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Embedded;

/// <summary>
/// Orders from outside (<c>./run restart worker</c>), since nothing restarts by itself: a file
/// <c>.local/commands/ID.request</c> with "restart NAME" or "stop NAME", answered by <c>ID.answer</c>, whose first word
/// is ok or error. Files and not a socket: a socket's path may have 107 bytes, a clone's path has no such limit.
/// </summary>
internal sealed class CommandFolder(LocalFolder local, Orchestrator orchestrator, ConsoleOutput output, TimeProvider time)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        foreach (var stale in Directory.EnumerateFiles(local.Commands))
        {
            File.Delete(stale);
        }

        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            foreach (var request in Directory.GetFiles(local.Commands, "*.request"))
            {
                var words = (await File.ReadAllTextAsync(request, stoppingToken)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                File.Delete(request);
                _ = AnswerAsync(Path.ChangeExtension(request, ".answer"), words, stoppingToken);
            }
        }
    }

    private async Task AnswerAsync(string answerFile, string[] words, CancellationToken cancellationToken)
    {
        string answer;
        try
        {
            output.Say($"asked from outside: {string.Join(' ', words)}");
            answer = words switch
            {
                ["restart", var name] => await orchestrator.RestartAsync(name, cancellationToken),
                ["stop", var name] => await orchestrator.StopResourceAsync(name),
                _ => "error: expected \"restart NAME\" or \"stop NAME\"",
            };
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            answer = $"error: {exception.Message}"; // the answer is where the asker looks; this host goes on
        }

        var temporary = $"{answerFile}.new";
        await File.WriteAllTextAsync(temporary, answer + "\n", CancellationToken.None);
        File.Move(temporary, answerFile, overwrite: true);
    }
}
