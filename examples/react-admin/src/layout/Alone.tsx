import { Card, CardContent, CircularProgress, CssBaseline, Stack, ThemeProvider, Typography, useMediaQuery } from '@mui/material';
import type { ReactNode } from 'react';
import { themes } from '../theme';

type Props = { title?: string; busy?: boolean; children?: ReactNode };

/** A page without react-admin around it: one card, in the light or the dark theme. */
export function Alone({ title, busy, children }: Props) {
  const isDark = useMediaQuery('(prefers-color-scheme: dark)');
  return (
    <ThemeProvider theme={isDark ? themes.dark : themes.light}>
      <CssBaseline />
      <Stack component="main" sx={{ alignItems: 'center', p: 2, pt: { xs: 4, sm: 12 } }}>
        {busy && <CircularProgress aria-label="Loading" />}
        {title && (
          <Card sx={{ width: 'min(24rem, calc(100vw - 2rem))' }}>
            <CardContent sx={{ display: 'grid', gap: 2, p: 3 }}>
              <Typography component="h1" variant="h5">
                {title}
              </Typography>
              {children}
            </CardContent>
          </Card>
        )}
      </Stack>
    </ThemeProvider>
  );
}
