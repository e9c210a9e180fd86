using Microsoft.Playwright;

namespace App.Tests.WebConsole;

/// <summary>Contrast of all visible text by WCAG 2.2 (1.4.3): 4.5:1, and 3:1 from 24 px, or from 18.66 px when bold.</summary>
internal static class Contrast
{
    /// <summary>What falls short: text, ratio and colours.</summary>
    public static async Task<IReadOnlyList<string>> FaultsAsync(IPage page) => await page.EvaluateAsync<string[]>("""
        () => {
          const channels = text => { const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
          const linear = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
          const luminance = ({ r, g, b }) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
          const behind = element => {
            for (let at = element; at; at = at.parentElement) {
              const colour = channels(getComputedStyle(at).backgroundColor);
              if (colour.a === 1) return colour;
            }
            return channels("rgb(255, 255, 255)");
          };
          const faults = [];
          const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (texts.nextNode()) {
            const element = texts.currentNode.parentElement;
            const text = texts.currentNode.textContent.trim();
            if (!text || !element.checkVisibility({ opacityProperty: true }) || element.closest("script, .sr, option")) continue;
            const style = getComputedStyle(element);
            const [light, dark] = [luminance(channels(style.color)), luminance(behind(element))].sort((a, b) => b - a);
            const ratio = (light + 0.05) / (dark + 0.05);
            const size = parseFloat(style.fontSize);
            const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
            if (ratio < (large ? 3 : 4.5)) faults.push(`"${text}" has ${ratio.toFixed(2)}:1`);
          }
          return faults;
        }
        """);
}
