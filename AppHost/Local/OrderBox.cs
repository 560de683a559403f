namespace Workflows.AppHost.Local;

/// <summary>
/// Orders of scripts: a file <c>commands/NAME.request</c> with "restart worker-2" or "stop redis" gets a file
/// NAME.answer that begins with "ok" or "failed". One after the other.
/// </summary>
internal sealed class OrderBox(string folder, Instances instances, InstanceControl control)
{
    public async Task ObeyAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            foreach (var request in Directory.EnumerateFiles(folder, "*.request"))
            {
                var order = (await File.ReadAllTextAsync(request, cancellationToken)).Trim();
                File.Delete(request);
                var said = await AnswerAsync(order, cancellationToken);
                LocalFile.Write(Path.ChangeExtension(request, "answer"), said);
            }

            await Task.Delay(Limits.Poll, cancellationToken);
        }
    }

    private async Task<string> AnswerAsync(string order, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Limits.Order);
        try
        {
            return await CarryOutAsync(order, timeout.Token);
        }
        catch (OperationCanceledException) when (
            timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var limit = $"{Limits.Order.TotalSeconds:0} s";
            return $"failed: '{order}' was not done after {limit}; see ./run status and ./run logs";
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return $"failed: {exception.Message}";
        }
    }

    private async Task<string> CarryOutAsync(string order, CancellationToken cancellationToken)
    {
        var words = order.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not [("restart" or "stop"), var name])
        {
            return $"failed: '{order}' is neither 'restart NAME' nor 'stop NAME'";
        }

        var named = instances.Named(name);
        if (named.Count == 0)
        {
            var names = string.Join(", ", instances.All().Select(instance => instance.Name));
            return $"failed: nothing is called '{name}'; there are {names}";
        }

        foreach (var instance in named)
        {
            await (words[0] == "stop"
                ? control.StopAsync(instance, cancellationToken)
                : control.RestartAsync(instance, cancellationToken));
        }

        return $"ok: {order}";
    }
}
